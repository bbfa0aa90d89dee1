/* Frames: any bytes give the same events however they are cut, and nothing outside a piece is read.
 *
 * The first byte says how the rest is cut, and whether compression was agreed on. */
#include "fuzz.h"

#include "wsload/protocol/frame.h"

#define MESSAGE_MAX 300
#define LOG_MAX     (16 * 1024 * 1024)

static void log_event(struct buffer *log, enum frame_event event, const struct frame_reader *reader,
                      struct text payload)
{
    REQUIRE(buffer_printf(log, "%d %d %d %zu:", event, reader->binary, reader->compressed,
                          payload.length) == 0);
    REQUIRE(buffer_append(log, payload.data, payload.length) == 0);
}

static void check_event(enum frame_event event, const struct frame_reader *reader,
                        struct text payload)
{
    REQUIRE(event == FRAME_MESSAGE ? payload.length <= MESSAGE_MAX : payload.length <= 125);
    REQUIRE(event != FRAME_CLOSED || payload.length != 1);
    REQUIRE(reader->deflate || !reader->compressed);
}

/* Logs the events of PIECE. False at a fault. */
static int read_piece(struct frame_reader *reader, struct text piece, struct buffer *log)
{
    for (;;) {
        struct text payload = {0};
        enum frame_event event = frame_reader_next(reader, &piece, &payload);
        if (event == FRAME_FAULT)
            REQUIRE(buffer_printf(log, "%s", reader->fault) == 0);
        if (event == FRAME_FAULT || event == FRAME_NEEDS_MORE) {
            REQUIRE((event == FRAME_FAULT) == (reader->fault != NULL));
            REQUIRE(event == FRAME_FAULT || piece.length == 0);
            return event == FRAME_NEEDS_MORE;
        }
        check_event(event, reader, payload);
        log_event(log, event, reader, payload);
    }
}

/* Logs the events of the bytes in pieces of at most STEP bytes, each alone in its memory. */
static void read_in_pieces(const uint8_t *data, size_t size, size_t step, int deflate,
                           struct buffer *log)
{
    struct frame_reader reader;
    int good = 1;
    frame_reader_init(&reader, MESSAGE_MAX);
    reader.deflate = deflate;
    while (good && size > 0) {
        size_t length = size < step ? size : step;
        char *piece = malloc(length);
        REQUIRE(piece != NULL);
        memcpy(piece, data, length);
        good = read_piece(&reader, (struct text){piece, length}, log);
        free(piece);
        data += length;
        size -= length;
    }
    frame_reader_free(&reader);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buffer whole;
    struct buffer cut;
    if (size == 0)
        return 0;
    buffer_init(&whole, LOG_MAX);
    buffer_init(&cut, LOG_MAX);
    read_in_pieces(data + 1, size - 1, size, data[0] & 1, &whole);
    read_in_pieces(data + 1, size - 1, data[0] + 1u, data[0] & 1, &cut);
    REQUIRE(text_equal(buffer_text(&whole), buffer_text(&cut)));
    buffer_free(&whole);
    buffer_free(&cut);
    return 0;
}
