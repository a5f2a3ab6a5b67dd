// libpq as far as the log of turns needs it, found at run time: neither building nor running needs it
// where no [cluster] is configured. Types, numbers and functions are those of its documented interface
// (https://www.postgresql.org/docs/15/libpq.html), which only ever grew since libpq.so.5.
#pragma once
#include <dlfcn.h>
#include <stddef.h>

typedef struct pg_conn carillon_pg_conn;
typedef struct pg_result carillon_pg_result;

#define CARILLON_PG_CONNECTION_OK 0
#define CARILLON_PG_COMMAND_OK 1
#define CARILLON_PG_TUPLES_OK 2

typedef struct {
    char *keyword, *envvar, *compiled, *val, *label, *dispchar;
    int dispsize;
} carillon_pg_option;

typedef void (*carillon_pg_receiver)(void *, const carillon_pg_result *);

typedef struct {
    carillon_pg_option *(*parse)(const char *, char **);
    void (*freeOptions)(carillon_pg_option *);
    void (*freeMemory)(void *);
    carillon_pg_conn *(*connect)(const char *const *, const char *const *, int);
    void (*finish)(carillon_pg_conn *);
    int (*status)(const carillon_pg_conn *);
    char *(*errorMessage)(const carillon_pg_conn *);
    int (*usedPassword)(const carillon_pg_conn *);
    int (*needsPassword)(const carillon_pg_conn *);
    char *(*host)(const carillon_pg_conn *);
    char *(*port)(const carillon_pg_conn *);
    int (*serverVersion)(const carillon_pg_conn *);
    int (*socket)(const carillon_pg_conn *);
    int (*setNonblocking)(carillon_pg_conn *, int);
    carillon_pg_receiver (*setNoticeReceiver)(carillon_pg_conn *, carillon_pg_receiver, void *);
    int (*send)(carillon_pg_conn *, const char *);
    int (*sendParams)(carillon_pg_conn *, const char *, int, const unsigned int *,
                      const char *const *, const int *, const int *, int);
    int (*flush)(carillon_pg_conn *);
    int (*consumeInput)(carillon_pg_conn *);
    int (*isBusy)(carillon_pg_conn *);
    carillon_pg_result *(*result)(carillon_pg_conn *);
    int (*resultStatus)(const carillon_pg_result *);
    char *(*errorField)(const carillon_pg_result *, int);
    int (*rows)(const carillon_pg_result *);
    int (*columns)(const carillon_pg_result *);
    char *(*value)(const carillon_pg_result *, int, int);
    int (*length)(const carillon_pg_result *, int, int);
    int (*isNull)(const carillon_pg_result *, int, int);
    void (*clear)(carillon_pg_result *);
} carillon_pg;

// Fills the table; 0 if the library, or one of its functions, is not there. What is loaded stays.
static inline int carillon_pg_load(carillon_pg *pg) {
    void *library = dlopen("libpq.so.5", RTLD_NOW | RTLD_LOCAL);
    if (library == NULL) return 0;
#define CARILLON_PG(field, name) \
    *(void **)(&pg->field) = dlsym(library, name); \
    if (pg->field == NULL) return 0;
    CARILLON_PG(parse, "PQconninfoParse")
    CARILLON_PG(freeOptions, "PQconninfoFree")
    CARILLON_PG(freeMemory, "PQfreemem")
    CARILLON_PG(connect, "PQconnectdbParams")
    CARILLON_PG(finish, "PQfinish")
    CARILLON_PG(status, "PQstatus")
    CARILLON_PG(errorMessage, "PQerrorMessage")
    CARILLON_PG(usedPassword, "PQconnectionUsedPassword")
    CARILLON_PG(needsPassword, "PQconnectionNeedsPassword")
    CARILLON_PG(host, "PQhost")
    CARILLON_PG(port, "PQport")
    CARILLON_PG(serverVersion, "PQserverVersion")
    CARILLON_PG(socket, "PQsocket")
    CARILLON_PG(setNonblocking, "PQsetnonblocking")
    CARILLON_PG(setNoticeReceiver, "PQsetNoticeReceiver")
    CARILLON_PG(send, "PQsendQuery")
    CARILLON_PG(sendParams, "PQsendQueryParams")
    CARILLON_PG(flush, "PQflush")
    CARILLON_PG(consumeInput, "PQconsumeInput")
    CARILLON_PG(isBusy, "PQisBusy")
    CARILLON_PG(result, "PQgetResult")
    CARILLON_PG(resultStatus, "PQresultStatus")
    CARILLON_PG(errorField, "PQresultErrorField")
    CARILLON_PG(rows, "PQntuples")
    CARILLON_PG(columns, "PQnfields")
    CARILLON_PG(value, "PQgetvalue")
    CARILLON_PG(length, "PQgetlength")
    CARILLON_PG(isNull, "PQgetisnull")
    CARILLON_PG(clear, "PQclear")
#undef CARILLON_PG
    return 1;
}
