// Times robfig/cron's Next as peers/compare.py asks: zone TAB expression in, the same and ns out.
package main

import (
	"bufio"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/robfig/cron"
)

func main() {
	start := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	limit := time.Date(2200, 1, 1, 0, 0, 0, 0, time.UTC)
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		cells := strings.Split(lines.Text(), "\t")
		zone, err := time.LoadLocation(cells[0])
		if err != nil {
			panic(err)
		}
		schedule, err := cron.ParseStandard(cells[1])
		if err != nil {
			panic(err)
		}
		count := 2000
		best := int64(1 << 62)
		for repeat := 0; repeat < 15; repeat++ {
			begin := time.Now()
			last := start.In(zone)
			for i := 0; i < count; i++ {
				last = schedule.Next(last)
				if last.IsZero() || last.After(limit) {
					last = start.In(zone)
				}
			}
			if elapsed := time.Since(begin).Nanoseconds(); elapsed < best {
				best = elapsed
			}
		}
		fmt.Printf("%s\t%s\t%.1f\n", cells[0], cells[1], float64(best)/float64(count))
	}
}
