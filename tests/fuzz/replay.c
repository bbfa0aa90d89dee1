/* Feeds every file of a directory to a fuzz target: the corpus as an ordinary test. */
#include "fuzz.h"

#include <dirent.h>
#include <sys/stat.h>

static void replay_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    struct stat status;
    uint8_t *data;
    size_t size;

    REQUIRE(file != NULL && fstat(fileno(file), &status) == 0);
    size = (size_t)status.st_size;
    data = malloc(size + (size == 0)); /* exactly as long, so that a sanitizer sees one too many */
    REQUIRE(data != NULL && fread(data, 1, size, file) == size);
    fclose(file);
    LLVMFuzzerTestOneInput(data, size);
    free(data);
}

int main(int argc, char **argv)
{
    const struct dirent *entry;
    size_t count = 0;
    DIR *directory;

    REQUIRE(argc == 2);
    directory = opendir(argv[1]);
    REQUIRE(directory != NULL);
    while ((entry = readdir(directory)) != NULL) {
        char path[4096];

        if (entry->d_name[0] == '.')
            continue;
        snprintf(path, sizeof(path), "%s/%s", argv[1], entry->d_name);
        replay_file(path);
        count++;
    }
    closedir(directory);
    REQUIRE(count > 0);
    LLVMFuzzerTestOneInput((const uint8_t *)"", 0);
    return 0;
}
