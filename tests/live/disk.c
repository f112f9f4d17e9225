/* A disk with faults, put before the C library (LD_PRELOAD) for the files below DISK_ROOT.
 *
 * DISK_CONTROL names a file of three 32-bit numbers that the test writes while the program runs: the
 * milliseconds that a sync takes longer, those that a write takes longer, and whether the disk stands: then
 * no sync and no write ends before it goes on.
 *
 * DISK_SHADOW names a folder that holds what a loss of power would leave: a sync copies the file as it
 * is into it, and nothing else does (syncfs: of every file below the root). A new file's name is there only when its folder was synced too;
 * until then the copy is called NAME.unnamed. A file that was removed is gone when its folder is synced. */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static const char *root, *shadow;
static volatile int32_t *control;
static size_t root_length;
static pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER;
static ssize_t (*real_write)(int, const void *, size_t);
static ssize_t (*real_pwrite)(int, const void *, size_t, off64_t);
static int (*real_fsync)(int);
static int (*real_fdatasync)(int);
static int (*real_syncfs)(int);

__attribute__((constructor)) static void begin(void) {
    real_write = dlsym(RTLD_NEXT, "write");
    real_pwrite = dlsym(RTLD_NEXT, "pwrite64");
    real_fsync = dlsym(RTLD_NEXT, "fsync");
    real_fdatasync = dlsym(RTLD_NEXT, "fdatasync");
    real_syncfs = dlsym(RTLD_NEXT, "syncfs");
    shadow = getenv("DISK_SHADOW");
    const char *name = getenv("DISK_CONTROL");
    int fd = name ? open(name, O_RDONLY | O_CLOEXEC) : -1;
    if (fd >= 0) {
        void *page = mmap(NULL, 16, PROT_READ, MAP_SHARED, fd, 0);
        control = page == MAP_FAILED ? NULL : page;
        close(fd);
    }
    root = getenv("DISK_ROOT");
    root_length = root ? strlen(root) : 0;
}

static void wait_ms(int32_t ms) {
    struct timespec time = {ms / 1000, (ms % 1000) * 1000000L};
    if (ms > 0) nanosleep(&time, NULL);
}

static void wait_while_it_stands(void) {
    while (control[2]) wait_ms(5);
}

/* The path of an open file that is the root or below it; NULL for any other. */
static const char *ours(int fd, char *path) {
    char link[64];
    if (!root) return NULL;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, PATH_MAX - 1);
    if (length < (ssize_t)root_length) return NULL;
    path[length] = 0;
    if (strncmp(path, root, root_length)) return NULL;
    return path[root_length] == '/' || path[root_length] == 0 ? path : NULL;
}

static void slow_write(int fd) {
    char path[PATH_MAX];
    if (!control || (control[1] <= 0 && !control[2]) || !ours(fd, path)) return;
    wait_ms(control[1]);
    wait_while_it_stands();
}

static void slow_sync(int fd) {
    char path[PATH_MAX];
    if (!control || (control[0] <= 0 && !control[2]) || !ours(fd, path)) return;
    wait_ms(control[0]);
    wait_while_it_stands();
}

ssize_t write(int fd, const void *octets, size_t count) {
    slow_write(fd);
    return real_write(fd, octets, count);
}

ssize_t pwrite64(int fd, const void *octets, size_t count, off64_t at) {
    slow_write(fd);
    return real_pwrite(fd, octets, count, at);
}

ssize_t pwrite(int fd, const void *octets, size_t count, off_t at) {
    return pwrite64(fd, octets, count, at);
}

static void make_folders(char *path) {
    for (char *slash = path + 1; (slash = strchr(slash, '/')); slash++) {
        *slash = 0;
        mkdir(path, 0700);
        *slash = '/';
    }
}

static void keep_file(const char *name) {
    char to[PATH_MAX + 16];
    static char octets[1 << 16];
    int from = open(name, O_RDONLY | O_CLOEXEC);
    snprintf(to, sizeof to, "%s%s", shadow, name + root_length);
    make_folders(to);
    int copy = open(to, O_WRONLY | O_CLOEXEC);
    if (copy < 0) {
        strcat(to, ".unnamed");
        copy = open(to, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    }
    off64_t at = 0;
    ssize_t read;
    while (from >= 0 && copy >= 0 && (read = pread64(from, octets, sizeof octets, at)) > 0) {
        real_pwrite(copy, octets, read, at);
        at += read;
    }
    if (copy >= 0 && from >= 0 && ftruncate64(copy, at)) perror("disk.c");
    if (copy >= 0) close(copy);
    if (from >= 0) close(from);
}

static void keep_names(const char *folder) {
    char in[PATH_MAX + 16], old[PATH_MAX + 300], new[PATH_MAX + 300];
    snprintf(in, sizeof in, "%s%s", shadow, folder + root_length);
    DIR *names = opendir(in);
    struct dirent *entry;
    while (names && (entry = readdir(names))) {
        size_t length = strlen(entry->d_name);
        if (entry->d_name[0] == '.') continue;
        if (length < 8 || strcmp(entry->d_name + length - 8, ".unnamed")) {
            snprintf(old, sizeof old, "%s/%s", folder, entry->d_name);
            snprintf(new, sizeof new, "%s/%s", in, entry->d_name);
            if (access(old, F_OK)) unlink(new);
            continue;
        }
        snprintf(old, sizeof old, "%s/%s", in, entry->d_name);
        snprintf(new, sizeof new, "%s/%.*s", in, (int)(length - 8), entry->d_name);
        rename(old, new);
    }
    if (names) closedir(names);
}

static int keep_entry(const char *path, const struct stat *file, int kind, struct FTW *place) {
    (void)file, (void)place;
    if (kind == FTW_F) keep_file(path);
    if (kind == FTW_DP) keep_names(path);
    return 0;
}

static void keep(int fd) {
    char path[PATH_MAX];
    struct stat64 file;
    int before = errno;
    slow_sync(fd);
    if (shadow && ours(fd, path) && !fstat64(fd, &file)) {
        pthread_mutex_lock(&turn);
        if (S_ISDIR(file.st_mode)) keep_names(path);
        if (S_ISREG(file.st_mode)) keep_file(path);
        pthread_mutex_unlock(&turn);
    }
    errno = before;
}

int fsync(int fd) {
    keep(fd);
    return shadow ? 0 : real_fsync(fd);
}

int fdatasync(int fd) {
    keep(fd);
    return shadow ? 0 : real_fdatasync(fd);
}

/* The whole of a volume: every file and every name below the root. */
int syncfs(int fd) {
    char path[PATH_MAX];
    int before = errno;
    slow_sync(fd);
    if (shadow && ours(fd, path)) {
        pthread_mutex_lock(&turn);
        nftw(root, keep_entry, 16, FTW_DEPTH | FTW_PHYS);
        pthread_mutex_unlock(&turn);
    }
    errno = before;
    return shadow ? 0 : real_syncfs(fd);
}
