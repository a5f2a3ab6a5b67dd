// The C boundary: what Swift cannot call (variadic functions) or import (casted macros), as inline
// functions, and nothing else.
#pragma once

// The header tells of sessions (what a transaction changes, as bytes) only then; Debian's library has
// both compiled in.
#define SQLITE_ENABLE_SESSION 1
#define SQLITE_ENABLE_PREUPDATE_HOOK 1
#include <sqlite3.h>

// SQLITE_TRANSIENT is a cast of -1 to a function pointer, which Swift does not import.
static inline int carillon_bind_text(sqlite3_stmt *s, int i, const char *p, sqlite3_uint64 n) {
    return sqlite3_bind_text64(s, i, p, n, SQLITE_TRANSIENT, SQLITE_UTF8);
}
static inline int carillon_bind_blob(sqlite3_stmt *s, int i, const void *p, sqlite3_uint64 n) {
    return sqlite3_bind_blob64(s, i, p, n, SQLITE_TRANSIENT);
}
static inline int carillon_db_config_int(sqlite3 *db, int op, int value, int *result) {
    return sqlite3_db_config(db, op, value, result);
}
// For the whole program, before SQLite is used first: see Database.settings.
static inline int carillon_configure(int statement_journal_bytes) {
    int code = sqlite3_config(SQLITE_CONFIG_STMTJRNL_SPILL, statement_journal_bytes);
    return code != SQLITE_OK ? code : sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

// Swift's Glibc module leaves sys/vfs.h out, and statvfs(3) doesn't tell the type.
#include <sys/vfs.h>

static inline unsigned int carillon_file_system(const char *path) {
    struct statfs info;
    return statfs(path, &info) == 0 ? (unsigned int)info.f_type : 0;
}

// Swift's Glibc module leaves malloc.h out. Pages of the heap that nothing uses go back to the system,
// those between used ones, too.
#include <malloc.h>

static inline void carillon_give_back_memory(void) { malloc_trim(0); }
