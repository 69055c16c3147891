/* Makes random messages of every API and version with the gateway's encoder.
 * A line out: key version direction(0 request, 1 answer) hex */
#include "unit/kafka/sample.h"

#include <stdio.h>
#include <stdlib.h>

static uint32_t seed;

static void make(const struct kapi *api, int version, enum kdirection d)
{
	static struct sample s;

	if (!sample_make(&s, api, version, d, seed))
		exit(1);
	printf("%d %d %d ", api->key, version, (int)d);
	for (size_t i = 0; i < s.bytes.len; i++)
		printf("%02x", s.bytes.data[i]);
	putchar('\n');
	sample_free(&s);
}

int main(int argc, char **argv)
{
	uint32_t messages = argc > 1 ? (uint32_t)strtoul(argv[1], NULL, 10) : 1;

	if (!apis_compile(stderr))
		return 1;
	for (seed = 1; seed <= messages; seed++)
		sample_each(make);
	apis_free();
	return 0;
}
