/* An error that stops wsload: one line for a person, and nothing else.
 *
 * A function that cannot go on returns -1 and fills the caller's struct error through error_set().
 * The text says what, which value, what is allowed and how to mend it. Only the command room prints
 * and knows exit codes. A misbehaving target is a measurement and not an error, see
 * protocol/failure.h. */
#ifndef WSLOAD_BASE_ERROR_H
#define WSLOAD_BASE_ERROR_H

struct error {
    char text[1024]; /* always terminated; longer messages are cut */
};

/* Formats the message into ERROR. Always returns -1, so that callers can `return error_set(...)`.
 */
int error_set(struct error *error, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Puts "formatted text: " before the message that ERROR holds. Always returns -1. */
int error_prefix(struct error *error, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
