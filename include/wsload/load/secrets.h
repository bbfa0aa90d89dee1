/* Where the secrets of a handshake come from: a file that holds a token or a key, and AWS
 * credentials. No error repeats any of them. */
#ifndef WSLOAD_LOAD_SECRETS_H
#define WSLOAD_LOAD_SECRETS_H

#include <limits.h>
#include <stdatomic.h>
#include <stdint.h>

#include "wsload/base/error.h"
#include "wsload/protocol/template.h"

/* --- Files --- */

/* Such a file may change while the run goes on. Its content is a template, without the white space
 * around it. It goes into a header as it is: a line break or another control character is refused.
 * What was read once is kept to the end: it may have been sent, and must be found when a server
 * repeats it. */

/* The file as it was at one time. */
struct secret_version {
    struct template content;
    int64_t modified_ns; /* when the file was last changed, as its content was read */
    const struct secret_version *older; /* NULL: this is the first */
};

/* Workers share it without a lock: versions are only ever added at the head. */
struct secret_file {
    const char *path;
    _Atomic(const struct secret_version *) newest; /* owned, as are all older ones */
};

/* Reads PATH ("-" is standard input), which must outlive it. The error names PATH: unreadable,
 * empty, larger than a header can be, a control character, a variable that SCOPE does not offer.
 * The caller frees with secret_file_free(). NULL when something is wrong. */
struct secret_file *secret_file_new(const char *path, const struct template_scope *scope,
                                    struct error *error);

/* The content as it is now: read again when the file has changed since. When it cannot be read now,
 * the last content stands. Any thread; valid as long as FILE. */
const struct template *secret_file_now(struct secret_file *file,
                                       const struct template_scope *scope);

/* NULL is fine. */
void secret_file_free(struct secret_file *file);

/* --- AWS credentials --- */

/* Found where AWS's own tools look first: the environment and the shared credentials file. Profiles
 * that get their keys elsewhere (SSO, roles, a process) are not followed; `aws configure
 * export-credentials --format env` turns those into an environment. */

struct credentials {
    char *access_key; /* these are owned */
    char *secret_key;
    char *session_token; /* NULL: none */
};

/* Finds the credentials: those of PROFILE in the file when it is not NULL; else AWS_ACCESS_KEY_ID,
 * AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN; else the file's profile AWS_PROFILE, or "default".
 * The file is AWS_SHARED_CREDENTIALS_FILE or ~/.aws/credentials. The error says what is missing.
 * 0 or -1. */
int credentials_find(struct credentials *credentials, const char *profile, struct error *error);

/* The path of that file. -1 when HOME is not set, or the path is too long. */
int credentials_path(char path[PATH_MAX], struct error *error);

/* Reads those of PROFILE out of FILE, the text of a credentials file: "[PROFILE]", then
 * "aws_access_key_id = ...", aws_secret_access_key and aws_session_token; lines with '#' or ';' at
 * the front are comments. 0 or -1. */
int credentials_parse(struct credentials *credentials, struct text file, const char *profile,
                      struct error *error);

/* Releases them. A zeroed struct is fine. */
void credentials_free(struct credentials *credentials);

#endif
