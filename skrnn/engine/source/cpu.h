// What this CPU can run, asked of the CPU itself: gcc's __builtin_cpu_supports needs a part of
// libgcc that zig does not have.
#pragma once
#include <stdint.h>

#ifdef __x86_64__
#include <cpuid.h>

// Features of each level: "x86-64 psABI", table 3.1, https://gitlab.com/x86-psABIs/x86-64-ABI
constexpr uint32_t V2_FEATURES =
    bit_SSE3 | bit_SSSE3 | bit_CMPXCHG16B | bit_SSE4_1 | bit_SSE4_2 | bit_POPCNT;
constexpr uint32_t V3_FEATURES = bit_AVX | bit_F16C | bit_FMA | bit_MOVBE | bit_OSXSAVE;
constexpr uint32_t V3_FEATURES_7 = bit_BMI | bit_AVX2 | bit_BMI2;
constexpr uint32_t V4_FEATURES_7 =
    bit_AVX512F | bit_AVX512DQ | bit_AVX512CD | bit_AVX512BW | bit_AVX512VL;
constexpr uint32_t LAHF = 1 << 0, LZCNT = 1 << 5;  // of leaf 0x80000001
// Registers that the operating system saves (XCR0): xmm and ymm; opmask, zmm and zmm16-31.
constexpr uint32_t YMM_STATE = 0x6, ZMM_STATE = 0xe6;

static inline bool has(uint32_t features, uint32_t wanted) {
  return (features & wanted) == wanted;
}

static inline uint32_t saved_registers() {
  uint32_t low, high;
  __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
#ifdef __APPLE__
  low |= ZMM_STATE;  // macOS begins to save them when a thread first uses them
#endif
  return low;
}

// 2, 3 or 4 for x86-64-v2, -v3 or -v4; 1 for an older CPU.
static int64_t cpu_level() {
  uint32_t a, b, features, d, features_7 = 0, extended = 0;
  if (!__get_cpuid(1, &a, &b, &features, &d)) return 1;
  __get_cpuid(0x80000001, &a, &b, &extended, &d);
  if (!has(features, V2_FEATURES) || !has(extended, LAHF)) return 1;
  __get_cpuid_count(7, 0, &a, &features_7, &b, &d);
  if (!has(features, V3_FEATURES) || !has(features_7, V3_FEATURES_7)) return 2;
  if (!has(extended, LZCNT) || !has(saved_registers(), YMM_STATE)) return 2;
  if (!has(features_7, V4_FEATURES_7) || !has(saved_registers(), ZMM_STATE)) return 3;
  return 4;
}
#else
static int64_t cpu_level() { return 0; }  // elsewhere one library serves every CPU
#endif
