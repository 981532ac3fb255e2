#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace gantry::inspect {

/// What an address belongs to.
struct symbol {
  std::string name;          ///< demangled
  std::uintptr_t offset = 0; ///< of the address within it
};

/// Names the functions of this process: those of the program from its symbol table (its static ones
/// too), those of shared libraries as far as they export them. Reads the program's file, so it
/// blocks; cheap to keep for the length of one answer, not longer.
class symbolizer {
public:
  symbolizer();
  ~symbolizer();
  symbolizer(const symbolizer&) = delete;
  symbolizer& operator=(const symbolizer&) = delete;

  /// Nothing if no function is known at that address.
  std::optional<symbol> find(std::uintptr_t address) const;

private:
  struct table;
  std::unique_ptr<const table> program_; ///< null if the program has no symbol table
};

} // namespace gantry::inspect
