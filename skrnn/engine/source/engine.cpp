// The library: all that Python calls.
#include "vectors.h"

extern "C" {
// Number of the interface; Python refuses a library with another one.
int64_t skrnn_interface(void) { return 1; }
int64_t skrnn_vector_bytes(void) { return VECTOR_BYTES; }
}
