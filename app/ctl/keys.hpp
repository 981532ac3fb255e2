#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace gantry::ctl {

enum class key : std::uint8_t {
  character, ///< one that is printed
  up,
  down,
  left,
  right,
  page_up,
  page_down,
  home,
  end,
  enter,
  escape,
  backspace,
  redraw,    ///< Ctrl-L
  interrupt, ///< Ctrl-C
  suspend,   ///< Ctrl-Z
  f1,
  f2,
  f3,
  f4,
  f5,
  f6,
  f7,
  f8,
  f9,
  f10,
};

struct key_press {
  key what = key::character;
  std::string text; ///< of a character, in UTF-8

  friend bool operator==(const key_press&, const key_press&) = default;
};

/// Makes keys of the bytes that a terminal in raw mode sends: those of xterm, the Linux console,
/// tmux and screen. What it does not know it passes over. Pure.
class key_reader {
public:
  /// The keys that are whole by now.
  std::vector<key_press> feed(std::string_view bytes);

  /// True if the bytes so far may be the beginning of a key: after a short while without more they
  /// are to be taken for what they are, by `flush`.
  bool pending() const noexcept { return !bytes_.empty(); }
  std::vector<key_press> flush();

private:
  /// Bytes that a key at the front takes, and the key, if there is one; 0 if more are needed.
  std::size_t take(std::string_view bytes, bool at_end, std::vector<key_press>& out);

  std::string bytes_;
};

} // namespace gantry::ctl
