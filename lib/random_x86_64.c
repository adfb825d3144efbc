/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The generator in vector registers: a lane in each 64-bit element. What the lanes make is gathered
 * until each has filled a piece of a line, and turned by 90 degrees, so that a lane's outputs lie
 * side by side.
 */
#if defined(__x86_64__)

#include <immintrin.h>
#include <stdbool.h>

#include "random_impl.h"

#define AVX2   __attribute__((target("avx2")))
#define AVX512 __attribute__((target("avx512f")))
#define INLINE static inline __attribute__((always_inline))

/* Eight lanes. */
struct state512 {
	__m512i s0, s1;
};

AVX512 INLINE __m512i next512(struct state512 *state)
{
	enum { XOR3 = 0x96 };
	__m512i out = _mm512_add_epi64(state->s0, state->s1);
	__m512i t = _mm512_xor_si512(state->s0, state->s1);

	state->s0 = _mm512_ternarylogic_epi64(_mm512_rol_epi64(state->s0, 55), t,
					      _mm512_slli_epi64(t, 14), XOR3);
	state->s1 = _mm512_rol_epi64(t, 36);
	return out;
}

/* Two outputs of each lane: the low halves, side by side. */
AVX512 INLINE __m512i next_two512(struct state512 *state)
{
	__m512i first = next512(state), second = next512(state);

	return _mm512_mask_shuffle_epi32(first, 0xaaaa, second, _MM_PERM_CCAA);
}

AVX512 INLINE void put512(void *at, __m512i line, bool stream)
{
	if (stream)
		_mm512_stream_si512(at, line);
	else
		_mm512_storeu_si512(at, line);
}

/* @in: eight pairs of outputs of eight lanes. Each lane gets a line, @section behind the last. */
AVX512 INLINE void turn512(const __m512i in[8], char *out, size_t section, bool stream)
{
	enum { EVEN = 0x88, ODD = 0xdd };

	for (size_t half = 0; half < 2; half++) {
		__m512i pair[4], a, b, c, d;

		for (size_t i = 0; i < 4; i++)
			pair[i] = half ? _mm512_unpackhi_epi64(in[2 * i], in[2 * i + 1])
				       : _mm512_unpacklo_epi64(in[2 * i], in[2 * i + 1]);
		a = _mm512_shuffle_i64x2(pair[0], pair[1], EVEN);
		b = _mm512_shuffle_i64x2(pair[0], pair[1], ODD);
		c = _mm512_shuffle_i64x2(pair[2], pair[3], EVEN);
		d = _mm512_shuffle_i64x2(pair[2], pair[3], ODD);
		put512(out + half * section, _mm512_shuffle_i64x2(a, c, EVEN), stream);
		put512(out + (2 + half) * section, _mm512_shuffle_i64x2(b, d, EVEN), stream);
		put512(out + (4 + half) * section, _mm512_shuffle_i64x2(a, c, ODD), stream);
		put512(out + (6 + half) * section, _mm512_shuffle_i64x2(b, d, ODD), stream);
	}
}

AVX512 INLINE void make512(struct random_lanes *lanes, char *out, size_t outputs, bool stream)
{
	const size_t section = outputs * sizeof(uint32_t);
	struct state512 a = { _mm512_loadu_si512(lanes->s0), _mm512_loadu_si512(lanes->s1) };
	struct state512 b = { _mm512_loadu_si512(lanes->s0 + 8),
			      _mm512_loadu_si512(lanes->s1 + 8) };

	for (size_t at = 0; at < section; at += 64) {
		__m512i of_a[8], of_b[8];

		for (size_t i = 0; i < 8; i++) {
			of_a[i] = next_two512(&a);
			of_b[i] = next_two512(&b);
		}
		turn512(of_a, out + at, section, stream);
		turn512(of_b, out + 8 * section + at, section, stream);
	}
	_mm512_storeu_si512(lanes->s0, a.s0);
	_mm512_storeu_si512(lanes->s1, a.s1);
	_mm512_storeu_si512(lanes->s0 + 8, b.s0);
	_mm512_storeu_si512(lanes->s1 + 8, b.s1);
}

AVX512 static void fill512(struct random_lanes *lanes, void *out, size_t outputs)
{
	make512(lanes, out, outputs, false);
}

AVX512 static void stream512(struct random_lanes *lanes, void *out, size_t outputs)
{
	make512(lanes, out, outputs, true);
}

/* Four lanes. */
struct state256 {
	__m256i s0, s1;
};

AVX2 INLINE __m256i rotl256(__m256i x, int k)
{
	return _mm256_or_si256(_mm256_slli_epi64(x, k), _mm256_srli_epi64(x, 64 - k));
}

AVX2 INLINE __m256i next256(struct state256 *state)
{
	__m256i out = _mm256_add_epi64(state->s0, state->s1);
	__m256i t = _mm256_xor_si256(state->s0, state->s1);

	state->s0 = _mm256_xor_si256(_mm256_xor_si256(rotl256(state->s0, 55), t),
				     _mm256_slli_epi64(t, 14));
	state->s1 = rotl256(t, 36);
	return out;
}

AVX2 INLINE __m256i next_two256(struct state256 *state)
{
	__m256i first = next256(state), second = next256(state);

	return _mm256_blend_epi32(first, _mm256_slli_epi64(second, 32), 0xaa);
}

AVX2 INLINE void put256(void *at, __m256i half_line, bool stream)
{
	if (stream)
		_mm256_stream_si256(at, half_line);
	else
		_mm256_storeu_si256(at, half_line);
}

/* Four pairs of outputs of four lanes: half a line for each. */
AVX2 INLINE void turn256(struct state256 *state, char *out, size_t section, bool stream)
{
	__m256i a = next_two256(state), b = next_two256(state);
	__m256i c = next_two256(state), d = next_two256(state);
	__m256i ab = _mm256_unpacklo_epi64(a, b), cd = _mm256_unpacklo_epi64(c, d);

	put256(out, _mm256_permute2x128_si256(ab, cd, 0x20), stream);
	put256(out + 2 * section, _mm256_permute2x128_si256(ab, cd, 0x31), stream);
	ab = _mm256_unpackhi_epi64(a, b);
	cd = _mm256_unpackhi_epi64(c, d);
	put256(out + section, _mm256_permute2x128_si256(ab, cd, 0x20), stream);
	put256(out + 3 * section, _mm256_permute2x128_si256(ab, cd, 0x31), stream);
}

/* Eight lanes at a time: more would not fit the registers. */
AVX2 INLINE void make256(struct random_lanes *lanes, char *out, size_t outputs, bool stream)
{
	const size_t section = outputs * sizeof(uint32_t);

	for (size_t lane = 0; lane < RANDOM_LANES; lane += 8, out += 8 * section) {
		__m256i *s0 = (__m256i *)(void *)(lanes->s0 + lane);
		__m256i *s1 = (__m256i *)(void *)(lanes->s1 + lane);
		struct state256 a = { _mm256_loadu_si256(s0), _mm256_loadu_si256(s1) };
		struct state256 b = { _mm256_loadu_si256(s0 + 1), _mm256_loadu_si256(s1 + 1) };

		for (size_t at = 0; at < section; at += 32) {
			turn256(&a, out + at, section, stream);
			turn256(&b, out + 4 * section + at, section, stream);
		}
		_mm256_storeu_si256(s0, a.s0);
		_mm256_storeu_si256(s1, a.s1);
		_mm256_storeu_si256(s0 + 1, b.s0);
		_mm256_storeu_si256(s1 + 1, b.s1);
	}
}

AVX2 static void fill256(struct random_lanes *lanes, void *out, size_t outputs)
{
	make256(lanes, out, outputs, false);
}

AVX2 static void stream256(struct random_lanes *lanes, void *out, size_t outputs)
{
	make256(lanes, out, outputs, true);
}

static const struct random_ops ops512 = { "AVX-512", fill512, stream512 };
static const struct random_ops ops256 = { "AVX2", fill256, stream256 };

unsigned int random_arch_ops(const struct random_ops *ret_ops[2])
{
	unsigned int nr = 0;

	if (__builtin_cpu_supports("avx512f"))
		ret_ops[nr++] = &ops512;
	if (__builtin_cpu_supports("avx2"))
		ret_ops[nr++] = &ops256;
	return nr;
}

#endif
