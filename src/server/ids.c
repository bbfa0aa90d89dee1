#include "ids.h"

#include <inttypes.h>
#include <openssl/evp.h>
#include <stdio.h>

/* API Gateway's ids are this many bytes in base64. */
#define ID_BYTES 11

void id_make(struct random *random, char id[ID_SIZE])
{
    uint64_t bits[2] = {random_next(random), random_next(random)};
    EVP_EncodeBlock((unsigned char *)id, (const unsigned char *)bits, ID_BYTES);
}

void uuid_make(struct random *random, char uuid[UUID_SIZE])
{
    uint64_t high = random_next(random);
    uint64_t low = random_next(random);
    /* Version 4, variant 10. */
    snprintf(uuid, UUID_SIZE,
             "%08" PRIx64 "-%04" PRIx64 "-4%03" PRIx64 "-%04" PRIx64 "-%012" PRIx64, high >> 32,
             (high >> 16) & 0xffff, high & 0xfff, ((low >> 48) & 0x3fff) | 0x8000,
             low & 0xffffffffffff);
}
