-- What `outcome` rules on parts of the tree judge, and the open job that is due first.
ALTER TABLE process_runs ADD COLUMN part_counts TEXT;
ALTER TABLE process_runs ADD COLUMN job_due_date TEXT;
ALTER TABLE process_runs ADD COLUMN job_due_title TEXT;
CREATE INDEX process_runs_by_job_due ON process_runs (job_due_date)
    WHERE job_due_date IS NOT NULL AND outcome = 'active' AND is_open = 1;
