/* AWS credentials, found where AWS's own tools look first: the environment and the shared
 * credentials file.
 *
 * Profiles that get their keys elsewhere (SSO, roles, a process) are not followed; `aws configure
 * export-credentials --format env` turns those into an environment. No error repeats a value. */
#ifndef WSLOAD_LOAD_CREDENTIALS_H
#define WSLOAD_LOAD_CREDENTIALS_H

#include "wsload/base/error.h"
#include "wsload/base/text.h"

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

/* Reads those of PROFILE out of FILE, the text of a credentials file: "[PROFILE]", then
 * "aws_access_key_id = ...", aws_secret_access_key and aws_session_token; lines with '#' or ';' at
 * the front are comments. 0 or -1. */
int credentials_parse(struct credentials *credentials, struct text file, const char *profile,
                      struct error *error);

/* Releases them. A zeroed struct is fine. */
void credentials_free(struct credentials *credentials);

#endif
