// The maker of certificates is shared with the tests of actors/host; each test program compiles the
// sources of its own folder only.
#include "tests/actors/host/certificates.cpp"
