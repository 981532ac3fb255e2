#include "app/ctl/run.hpp"

#include <clocale>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>
#include <vector>

int main(int argc, char** argv) {
  std::setlocale(LC_CTYPE, ""); // whether the terminal has UTF-8
  std::signal(SIGPIPE, SIG_IGN);
  try {
    const std::vector<std::string> words{argv + (argc > 0 ? 1 : 0), argv + argc};
    return gantry::ctl::run(words, ::getenv);
  } catch (const std::exception& e) {
    std::fprintf(stderr, "gantryctl: %s\n", e.what());
    return gantry::ctl::exit_failed;
  }
}
