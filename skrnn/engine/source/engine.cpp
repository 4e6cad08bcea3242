// The library: all that Python calls.
#include "cpu.h"
#include "vectors.h"

#ifdef _WIN32
#define EXPORT extern "C" __declspec(dllexport)
#else
#define EXPORT extern "C" __attribute__((visibility("default")))
#endif

// Number of the interface; Python refuses a library with another one.
EXPORT int64_t skrnn_interface(void) { return 1; }
EXPORT int64_t skrnn_vector_bytes(void) { return VECTOR_BYTES; }
EXPORT int64_t skrnn_cpu_level(void) { return cpu_level(); }
