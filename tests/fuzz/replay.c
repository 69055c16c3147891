/* Runs a fuzz target over the files and folders named, without a fuzzer: so
 * that every run of the tests replays the corpus.  Link it with one target. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int files;

static void replay_file(const char *path)
{
	FILE *f = fopen(path, "rb");
	uint8_t *data = NULL;
	size_t size = 0, room = 0, n;

	if (f == NULL) {
		perror(path);
		exit(1);
	}
	do {
		if (room - size < 4096)
			data = realloc(data, room += 65536);
		n = fread(data + size, 1, room - size, f);
		size += n;
	} while (n > 0);
	fclose(f);
	data = realloc(data, size > 0 ? size : 1); /* a read beyond the end is caught */
	LLVMFuzzerTestOneInput(data, size);
	free(data);
	files++;
}

static void replay(const char *path)
{
	struct stat st;
	struct dirent *entry;
	DIR *folder;

	if (stat(path, &st) != 0 || !S_ISDIR(st.st_mode)) {
		replay_file(path);
		return;
	}
	folder = opendir(path);
	while (folder != NULL && (entry = readdir(folder)) != NULL) {
		char child[4096];

		if (entry->d_name[0] == '.')
			continue;
		snprintf(child, sizeof child, "%s/%s", path, entry->d_name);
		replay(child);
	}
	if (folder != NULL)
		closedir(folder);
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		replay(argv[i]);
	printf("%d inputs replayed\n", files);
	return files > 0 ? 0 : 1;
}
