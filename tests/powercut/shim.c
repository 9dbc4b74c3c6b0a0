/* Notes every change of a file in one folder, and every sync, in the order in which they happened.
 *
 * Loaded with LD_PRELOAD. POWERCUT_FOLDER is watched (absolute path), POWERCUT_LOG takes the records:
 *   header { char kind; uint32 name_length; uint32 data_length; uint64 inode; int64 offset; double at_s; }
 * packed, then name, then data. Kinds: C created, W written, T truncated (offset = length),
 * F sync begins (offset = its number), E sync has ended, U unlinked, R renamed (data = new name).
 * Reads are not of interest, nor is what lies in memory only (-shm).
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define MOST_FILES 4096

static char watched[MOST_FILES];
static char folder[4096];
static size_t folder_length;
static int log_file = -1;
static int64_t syncs;

#pragma pack(push, 1)
struct header {
    char kind;
    uint32_t name_length, data_length;
    uint64_t inode;
    int64_t offset;
    double at_s;
};
#pragma pack(pop)

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

__attribute__((constructor)) static void begin(void) {
    const char *where = getenv("POWERCUT_FOLDER"), *log = getenv("POWERCUT_LOG");
    if (!where || !log) return;
    folder_length = strlen(where);
    if (folder_length >= sizeof folder - 1) abort();
    memcpy(folder, where, folder_length + 1);
    int file = REAL(open)(log, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
    if (file < 0) abort();
    log_file = fcntl(file, F_DUPFD_CLOEXEC, MOST_FILES > 1000 ? 900 : MOST_FILES - 1);
    REAL(close)(file);
}

static const char *inside(const char *path) {
    if (log_file < 0 || !path || strncmp(path, folder, folder_length)) return NULL;
    if (path[folder_length] == 0) return path + folder_length;
    if (path[folder_length] != '/') return NULL;
    size_t length = strlen(path);
    if (length > 4 && !strcmp(path + length - 4, "-shm")) return NULL;
    return path + folder_length + 1;
}

static void note(char kind, uint64_t inode, int64_t offset, const char *name, const void *data, size_t length) {
    int kept = errno;
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    struct header head = {kind, name ? strlen(name) : 0, length, inode, offset, now.tv_sec + now.tv_nsec * 1e-9};
    struct iovec parts[3] = {{&head, sizeof head}, {(void *)name, head.name_length}, {(void *)data, length}};
    ssize_t wanted = sizeof head + head.name_length + length;
    if (writev(log_file, parts, 3) != wanted) abort();
    errno = kept;
}

static uint64_t inode_of(int file) {
    struct stat is;
    return fstat(file, &is) ? 0 : is.st_ino;
}

static int is_watched(int file) { return file >= 0 && file < MOST_FILES && watched[file]; }

static int opened(int file, const char *path, int flags, int existed) {
    if (file < 0 || file >= MOST_FILES) return file;
    const char *name = inside(path);
    watched[file] = name != NULL;
    if (!name) return file;
    int kept = errno;
    if (!existed) note('C', inode_of(file), 0, name, NULL, 0);
    else if (flags & O_TRUNC) note('T', inode_of(file), 0, NULL, NULL, 0);
    errno = kept;
    return file;
}

static int exists(const char *path) {
    if (!inside(path)) return 1;
    int kept = errno, there = access(path, F_OK) == 0;
    errno = kept;
    return there;
}

#define OPEN(name)                                                   \
    int name(const char *path, int flags, ...) {                     \
        va_list rest;                                                \
        va_start(rest, flags);                                       \
        mode_t mode = va_arg(rest, mode_t);                          \
        va_end(rest);                                                \
        int existed = exists(path);                                  \
        return opened(REAL(name)(path, flags, mode), path, flags, existed); \
    }
OPEN(open)
OPEN(open64)

#define OPENAT(name)                                                 \
    int name(int at, const char *path, int flags, ...) {             \
        va_list rest;                                                \
        va_start(rest, flags);                                       \
        mode_t mode = va_arg(rest, mode_t);                          \
        va_end(rest);                                                \
        int existed = exists(path);                                  \
        return opened(REAL(name)(at, path, flags, mode), path, flags, existed); \
    }
OPENAT(openat)
OPENAT(openat64)

int close(int file) {
    if (file == log_file && log_file >= 0) return 0;
    if (is_watched(file)) watched[file] = 0;
    return REAL(close)(file);
}

static void wrote(int file, const void *data, ssize_t length, int64_t offset) {
    if (length > 0 && is_watched(file)) note('W', inode_of(file), offset, NULL, data, length);
}

ssize_t write(int file, const void *data, size_t length) {
    ssize_t done = REAL(write)(file, data, length);
    if (done > 0 && is_watched(file)) wrote(file, data, done, lseek(file, 0, SEEK_CUR) - done);
    return done;
}

#define PWRITE(name, type)                                                  \
    ssize_t name(int file, const void *data, size_t length, type offset) {  \
        ssize_t done = REAL(name)(file, data, length, offset);              \
        wrote(file, data, done, offset);                                    \
        return done;                                                        \
    }
PWRITE(pwrite, off_t)
PWRITE(pwrite64, off64_t)

#define TRUNCATE(name, type)                                                \
    int name(int file, type length) {                                       \
        int done = REAL(name)(file, length);                                \
        if (!done && is_watched(file)) note('T', inode_of(file), length, NULL, NULL, 0); \
        return done;                                                        \
    }
TRUNCATE(ftruncate, off_t)
TRUNCATE(ftruncate64, off64_t)

#define SYNC(name)                                                          \
    int name(int file) {                                                    \
        if (!is_watched(file)) return REAL(name)(file);                     \
        uint64_t inode = inode_of(file);                                    \
        int64_t number = (int64_t)getpid() << 32 | __sync_add_and_fetch(&syncs, 1); \
        note('F', inode, number, NULL, NULL, 0);                            \
        int done = REAL(name)(file);                                        \
        if (!done) note('E', inode, number, NULL, NULL, 0);                 \
        return done;                                                        \
    }
SYNC(fsync)
SYNC(fdatasync)

int unlink(const char *path) {
    const char *name = inside(path);
    int done = REAL(unlink)(path);
    if (!done && name) note('U', 0, 0, name, NULL, 0);
    return done;
}

int rename(const char *from, const char *to) {
    const char *old = inside(from), *new = inside(to);
    int done = REAL(rename)(from, to);
    if (!done && old && new) note('R', 0, 0, old, new, strlen(new));
    return done;
}
