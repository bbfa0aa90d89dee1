#include "wsload/protocol/sources.h"

#include <arpa/inet.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_COUNT_MAX (UINT64_C(1) << 32)

/* "/128" and the NUL behind an address. */
#define ITEM_SIZE (SOURCE_TEXT_SIZE + 4)

static unsigned address_bits(int family)
{
    return family == AF_INET ? 32 : 128;
}

/* Reads the number of bits behind the slash. 0 or -1. */
static int parse_prefix(const char *text, unsigned bits_max, unsigned *bits)
{
    size_t length = strlen(text);
    if (length == 0 || length > 3 || strspn(text, "0123456789") != length)
        return -1;
    *bits = (unsigned)strtoul(text, NULL, 10);
    return *bits <= bits_max ? 0 : -1;
}

/* Clears all but the first BITS bits of ADDRESS. */
static void clear_host_bits(unsigned char address[16], unsigned bits)
{
    for (unsigned i = 0; i < 16; i++) {
        unsigned kept = bits <= i * 8 ? 0 : bits - i * 8;
        if (kept < 8)
            address[i] &= (unsigned char)(0xff00 >> kept);
    }
}

/* Adds NUMBER to ADDRESS, of SIZE bytes. */
static void add_to_address(unsigned char *address, size_t size, uint64_t number)
{
    for (size_t i = size; i > 0 && number > 0; i--) {
        number += address[i - 1];
        address[i - 1] = (unsigned char)number;
        number >>= 8;
    }
}

/* Makes BLOCK, an address so far, all addresses that share its first BITS bits. */
static void widen(struct source_block *block, unsigned bits)
{
    unsigned host_bits = address_bits(block->family) - bits;
    clear_host_bits(block->first, bits);
    block->count = host_bits < 32 ? UINT64_C(1) << host_bits : BLOCK_COUNT_MAX;
    if (block->family == AF_INET && host_bits >= 2) {
        add_to_address(block->first, 4, 1);
        block->count -= 2;
    }
}

/* Reads "127.0.0.2" or "127.0.0.8/29"; ITEM is cut at the slash. 0 or -1. */
static int parse_block(char *item, struct source_block *block)
{
    char *slash = strchr(item, '/');
    if (slash)
        *slash = '\0';
    *block = (struct source_block){.family = strchr(item, ':') ? AF_INET6 : AF_INET};
    unsigned bits = address_bits(block->family);
    if (inet_pton(block->family, item, block->first) != 1)
        return -1;
    if (slash && parse_prefix(slash + 1, bits, &bits))
        return -1;
    widen(block, bits);
    return 0;
}

static int add_block(struct sources *sources, const char *text, size_t length, struct error *error)
{
    if (sources->block_count == SOURCES_MAX)
        return error_set(error, "more than %d addresses; use blocks, as in 127.0.0.0/24",
                         SOURCES_MAX);
    struct source_block *block = &sources->blocks[sources->block_count];
    char item[ITEM_SIZE];
    if (length < sizeof(item)) {
        memcpy(item, text, length);
        item[length] = '\0';
    }
    if (length >= sizeof(item) || parse_block(item, block))
        return error_set(error,
                         "'%.*s' is no address; use addresses and blocks, as in "
                         "127.0.0.2,127.0.0.8/29",
                         (int)length, text);
    sources->block_count++;
    sources->count += block->count;
    return 0;
}

int sources_parse(const char *text, struct sources *sources, struct error *error)
{
    *sources = (struct sources){0};
    for (;;) {
        size_t length = strcspn(text, ",");
        if (add_block(sources, text, length, error))
            return -1;
        if (text[length] == '\0')
            return 0;
        text += length + 1;
    }
}

static bool in_family(const struct source_block *block, int family)
{
    return family == AF_UNSPEC || family == block->family;
}

static uint64_t count_in_family(const struct sources *sources, int family)
{
    uint64_t count = 0;
    for (size_t i = 0; i < sources->block_count; i++) {
        if (in_family(&sources->blocks[i], family))
            count += sources->blocks[i].count;
    }
    return count;
}

char *sources_pick(const struct sources *sources, uint64_t index, int family,
                   char out[SOURCE_TEXT_SIZE])
{
    uint64_t count = count_in_family(sources, family);
    if (count == 0)
        return NULL;
    index %= count;
    const struct source_block *block = sources->blocks;
    while (!in_family(block, family) || index >= block->count) {
        if (in_family(block, family))
            index -= block->count;
        block++;
    }
    struct source_block picked = *block;
    add_to_address(picked.first, address_bits(picked.family) / 8, index);
    inet_ntop(picked.family, picked.first, out, SOURCE_TEXT_SIZE);
    return out;
}
