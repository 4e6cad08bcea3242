// What other programs see of the library.
#pragma once
#ifdef _WIN32
#define EXPORT extern "C" __declspec(dllexport)
#else
#define EXPORT extern "C" __attribute__((visibility("default")))
#endif

// What a call returns
enum Status { DONE, NO_MEMORY, ROW_NOT_FINITE, OUTPUT_NOT_FINITE, BAD_LENGTH };
