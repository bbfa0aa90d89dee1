#include "wsload/base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "wsload/base/random.h"
#include "wsload/base/units.h"

#define READ_SIZE 65536

#define BYTE_ORDER_MARK "\xEF\xBB\xBF"
#define SAVE_AS_UTF_8   "save the file as UTF-8"

/* "PATH: what the system says". */
static int system_error(struct error *error, const char *path)
{
    return error_set(error, "%s: %s", path, strerror(errno));
}

/* Why LENGTH more bytes do not fit into OUT. */
static int no_room(struct error *error, const char *path, const struct buffer *out,
                   uintmax_t length)
{
    if (length <= out->maximum - out->length)
        return error_set(error, "%s: out of memory", path);
    char maximum[UNITS_SIZE];
    return error_set(error, "%s: larger than %s bytes, the most that is allowed", path,
                     units_format_count(out->maximum, maximum));
}

/* Appends one piece of the file to OUT. 1 when more may follow, 0 at its end, or -1. */
static int read_piece(int fd, const char *path, struct buffer *out, struct error *error)
{
    char piece[READ_SIZE];
    ssize_t got = TEMP_FAILURE_RETRY(read(fd, piece, sizeof(piece)));
    if (got < 0)
        return system_error(error, path);
    if (buffer_append(out, piece, (size_t)got))
        return no_room(error, path, out, (uintmax_t)got);
    return got > 0;
}

const char *file_name(const char *path)
{
    return strcmp(path, "-") == 0 ? "standard input" : path;
}

int file_read(const char *path, struct buffer *out, struct error *error)
{
    bool standard_input = strcmp(path, "-") == 0;
    int fd = standard_input ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    path = file_name(path);
    if (fd < 0)
        return system_error(error, path);
    /* Room for all of it at once, so that a file that is too large is refused before it fills the
     * memory. The size is only a hint: files in /proc have none, and a file may grow. */
    struct stat status;
    size_t size = fstat(fd, &status) == 0 && S_ISREG(status.st_mode) ? (size_t)status.st_size : 0;
    int result = buffer_reserve(out, out->length + size) ? no_room(error, path, out, size) : 1;
    while (result > 0)
        result = read_piece(fd, path, out, error);
    if (!standard_input)
        close(fd);
    return result;
}

/* --- Text --- */

/* Keeps of TEXT the LENGTH bytes from START on. */
static void keep(struct buffer *text, size_t start, size_t length)
{
    if (!text->data)
        return;
    memmove(text->data, text->data + start, length);
    text->length = length;
    text->data[length] = '\0';
}

int file_read_unmarked(const char *path, struct buffer *out, struct error *error)
{
    if (file_read(path, out, error))
        return -1;
    struct text text = buffer_text(out);
    if (text_begins(text, "\xFF\xFE") || text_begins(text, "\xFE\xFF"))
        return error_set(error, "%s: UTF-16, which older PowerShells write; " SAVE_AS_UTF_8,
                         file_name(path));
    if (text_begins(text, BYTE_ORDER_MARK))
        keep(out, strlen(BYTE_ORDER_MARK), text.length - strlen(BYTE_ORDER_MARK));
    return 0;
}

/* Looks for the line only when something is wrong. */
static int check_text(const char *path, struct text text, struct error *error)
{
    if (!memchr(text.data, '\0', text.length) && utf8_valid(text))
        return 0;
    for (size_t line = 1; text.length > 0; line++) {
        struct text one = text_cut(&text, '\n');
        if (memchr(one.data, '\0', one.length))
            return error_set(error,
                             "%s: line %zu: a NUL byte: this is no text, or UTF-16; " SAVE_AS_UTF_8,
                             file_name(path), line);
        if (!utf8_valid(one))
            return error_set(error, "%s: line %zu: not valid UTF-8; " SAVE_AS_UTF_8,
                             file_name(path), line);
    }
    return 0;
}

static void drop_carriage_returns(struct buffer *text)
{
    char *end = text->data + text->length;
    char *out = memchr(text->data, '\r', text->length);
    for (const char *at = out; at && at < end; at++)
        if (*at != '\r' || at + 1 == end || at[1] != '\n')
            *out++ = *at;
    if (out)
        keep(text, 0, (size_t)(out - text->data));
}

/* White space in the last line that is not blank is its own. */
static void drop_blank_end(struct buffer *text)
{
    size_t length = text->length;
    while (length > 0 && strchr(" \t\n\v\f\r", text->data[length - 1]))
        length--;
    const char *end = memchr(text->data + length, '\n', text->length - length);
    if (length > 0)
        length = end ? (size_t)(end - text->data) : text->length;
    keep(text, 0, length);
}

int file_read_text(const char *path, struct buffer *out, struct error *error)
{
    if (file_read_unmarked(path, out, error) || check_text(path, buffer_text(out), error))
        return -1;
    if (out->length > 0) {
        drop_carriage_returns(out);
        drop_blank_end(out);
    }
    return 0;
}

/* --- Where to write --- */

/* Where the bytes for a path go. */
struct destination {
    char path[PATH_MAX];      /* symbolic links resolved; a rename must not replace a link */
    char directory[PATH_MAX]; /* of path, ends with '/', or is empty for the current one */
    bool exists;
    bool in_place; /* exists and is no regular file that could be replaced */
    mode_t mode;   /* of what exists */
    int open_fd;   /* the descriptor of ours that the path leads to, as /dev/stdout does, or -1 */
};

/* Our own standard output or error when STATUS is what it writes to, else -1. Replacing that file
 * would lose what else is printed there. */
static int open_descriptor_of(const struct stat *status)
{
    for (int fd = STDOUT_FILENO; fd <= STDERR_FILENO; fd++) {
        struct stat ours;
        if (fstat(fd, &ours) == 0 && ours.st_dev == status->st_dev && ours.st_ino == status->st_ino)
            return fd;
    }
    return -1;
}

static int destination_existing(struct destination *destination, const char *path,
                                const struct stat *status, struct error *error)
{
    if (S_ISDIR(status->st_mode)) {
        errno = EISDIR;
        return system_error(error, path);
    }
    destination->exists = true;
    destination->mode = status->st_mode & 0777;
    destination->open_fd = open_descriptor_of(status);
    destination->in_place = !S_ISREG(status->st_mode) || destination->open_fd >= 0;
    if (destination->open_fd < 0 && faccessat(AT_FDCWD, path, W_OK, AT_EACCESS))
        return system_error(error, path);
    if (!destination->in_place && !realpath(path, destination->path))
        return system_error(error, path);
    return 0;
}

static int destination_find(struct destination *destination, const char *path, struct error *error)
{
    *destination = (struct destination){.open_fd = -1};
    if (strlen(path) >= sizeof(destination->path)) {
        errno = ENAMETOOLONG;
        return system_error(error, path);
    }
    memcpy(destination->path, path, strlen(path) + 1);
    struct stat status;
    if (stat(path, &status) == 0) {
        if (destination_existing(destination, path, &status, error))
            return -1;
    } else if (errno != ENOENT || path[0] == '\0') {
        return system_error(error, path);
    } else if (lstat(path, &status) == 0) {
        return error_set(error, "%s: a symbolic link to nothing; create what it points to", path);
    }
    memcpy(destination->directory, destination->path, sizeof(destination->directory));
    char *slash = strrchr(destination->directory, '/');
    *(slash ? slash + 1 : destination->directory) = '\0';
    return 0;
}

/* --- Sameness --- */

/* Whether FD is what STATUS describes, and no device that swallows all and gives nothing. */
static bool is_open_as(int fd, const struct stat *status)
{
    struct stat ours;
    return fstat(fd, &ours) == 0 && ours.st_dev == status->st_dev &&
           ours.st_ino == status->st_ino && (!S_ISCHR(ours.st_mode) || isatty(fd) == 1);
}

bool file_is_stdin(const char *path)
{
    struct stat status;
    return strcmp(path, "-") == 0 || (stat(path, &status) == 0 && !S_ISREG(status.st_mode) &&
                                      is_open_as(STDIN_FILENO, &status));
}

bool file_is_stdout(const char *path)
{
    struct stat status;
    return strcmp(path, "-") == 0 ||
           (stat(path, &status) == 0 && is_open_as(STDOUT_FILENO, &status));
}

/* What tells a file from all others: itself, or its directory with the name that it will have. */
struct identity {
    dev_t device;
    ino_t inode;
    char name[NAME_MAX + 1]; /* "" when it exists */
};

/* False when there is nothing to compare. */
static bool identify(const char *path, struct identity *identity)
{
    struct stat status;
    struct error ignored;
    struct destination destination;
    bool there = strcmp(path, "-") == 0 ? fstat(STDOUT_FILENO, &status) == 0
                                        : stat(path, &status) == 0;
    if (there) {
        *identity = (struct identity){.device = status.st_dev, .inode = status.st_ino};
        return S_ISREG(status.st_mode);
    }
    if (destination_find(&destination, path, &ignored) ||
        stat(destination.directory[0] ? destination.directory : ".", &status))
        return false;
    *identity = (struct identity){.device = status.st_dev, .inode = status.st_ino};
    snprintf(identity->name, sizeof(identity->name), "%s",
             destination.path + strlen(destination.directory));
    return true;
}

bool file_same(const char *a, const char *b)
{
    struct identity first;
    struct identity second;
    if (strcmp(a, "-") == 0 && strcmp(b, "-") == 0)
        return true;
    return identify(a, &first) && identify(b, &second) && first.device == second.device &&
           first.inode == second.inode && strcmp(first.name, second.name) == 0;
}

/* --- Writing --- */

/* Creates a file of a new name beside the destination and leaves that name in TEMPORARY. The kernel
 * gives it mode 0666 less the umask, which mkstemp() would not. -1 with errno. */
static int create_temporary(const struct destination *destination, char temporary[PATH_MAX])
{
    int length = snprintf(temporary, PATH_MAX, "%s.wsload-%016" PRIx64, destination->directory,
                          random_seed_from_system());
    if (length >= PATH_MAX) {
        errno = ENAMETOOLONG;
        return -1;
    }
    return open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
}

int file_check_writable(const char *path, struct error *error)
{
    struct destination destination;
    if (destination_find(&destination, path, error))
        return -1;
    if (destination.in_place)
        return 0;
    char temporary[PATH_MAX];
    int fd = create_temporary(&destination, temporary);
    if (fd < 0)
        return system_error(error, path);
    close(fd);
    unlink(temporary);
    return 0;
}

/* 0, or -1 with errno. */
static int write_all(int fd, struct text text)
{
    while (text.length > 0) {
        ssize_t written = TEMP_FAILURE_RETRY(write(fd, text.data, text.length));
        if (written < 0)
            return -1;
        text = text_after(text, (size_t)written);
    }
    return 0;
}

static int write_in_place(const struct destination *destination, struct text text)
{
    if (destination->open_fd >= 0)
        return write_all(destination->open_fd, text);
    /* Not blocking: a pipe that nobody reads is an error, not a reason to wait for ever. */
    int fd = open(destination->path, O_WRONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return -1;
    fcntl(fd, F_SETFL, O_WRONLY);
    /* A pipe or a device has no length, and refuses. */
    int result = ftruncate(fd, 0) && errno != EINVAL ? -1 : write_all(fd, text);
    close(fd);
    return result;
}

/* Everything before the rename, and closes FD: network file systems may report a full disk only
 * there. -1 with errno. */
static int fill_temporary(int fd, const struct destination *destination, struct text text)
{
    bool filled = (!destination->exists || fchmod(fd, destination->mode) == 0) &&
                  write_all(fd, text) == 0 && fsync(fd) == 0;
    int cause = errno;
    if (close(fd))
        return -1;
    errno = cause;
    return filled ? 0 : -1;
}

/* Makes the rename last through a power cut. Some file systems cannot sync a directory; the file
 * has been replaced by then, so that is no failure. */
static void sync_directory(const struct destination *destination)
{
    const char *path = destination->directory[0] == '\0' ? "." : destination->directory;
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0) {
        fsync(fd);
        close(fd);
    }
}

/* -1 with errno. */
static int replace(const struct destination *destination, struct text text)
{
    char temporary[PATH_MAX];
    int fd = create_temporary(destination, temporary);
    if (fd < 0)
        return -1;
    if (fill_temporary(fd, destination, text) || rename(temporary, destination->path)) {
        int cause = errno;
        unlink(temporary);
        errno = cause;
        return -1;
    }
    sync_directory(destination);
    return 0;
}

int file_write_atomic(const char *path, struct text text, struct error *error)
{
    struct destination destination;
    if (destination_find(&destination, path, error))
        return -1;
    int result = destination.in_place ? write_in_place(&destination, text)
                                      : replace(&destination, text);
    /* A file that is a mount point of its own, as containers make them, cannot be replaced. */
    if (result != 0 && errno == EBUSY)
        result = write_in_place(&destination, text);
    return result == 0 ? 0 : system_error(error, path);
}
