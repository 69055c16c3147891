#include "simulate/prng.h"

#include <math.h>

struct prng prng_seeded(uint64_t seed)
{
	return (struct prng){ seed };
}

uint64_t prng_next(struct prng *r)
{
	uint64_t z = r->state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

uint64_t prng_below(struct prng *r, uint64_t n)
{
	uint64_t surplus = (UINT64_MAX % n + 1) % n; /* what would make low numbers likelier */
	uint64_t x;

	do {
		x = prng_next(r);
	} while (surplus != 0 && x > UINT64_MAX - surplus);
	return x % n;
}

double prng_unit(struct prng *r)
{
	return (double)(prng_next(r) >> 11) * 0x1p-53;
}

double prng_exponential(struct prng *r, double mean)
{
	return -mean * log1p(-prng_unit(r));
}

void prng_zipf_sums(double *sums, size_t n, double s)
{
	double sum = 0;

	for (size_t k = 0; k < n; k++) {
		sum += pow((double)(k + 1), -s);
		sums[k] = sum;
	}
}

size_t prng_zipf(struct prng *r, const double *sums, size_t n)
{
	double x = prng_unit(r) * sums[n - 1];
	size_t low = 0, high = n - 1;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (sums[middle] > x)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}
