#pragma once

#include "protocol/error.hpp"

#include <catch2/catch.hpp>

#include <string>

namespace Catch {

/// A failed check shows the text of the error.
template <>
struct StringMaker<gantry::api_error> {
  static std::string convert(const gantry::api_error& error) {
    return std::string{gantry::to_string(error.kind)} + " \"" + error.message + '"';
  }
};

template <class T>
struct StringMaker<boost::system::result<T, gantry::api_error>> {
  static std::string convert(const boost::system::result<T, gantry::api_error>& r) {
    return r ? "a value" : StringMaker<gantry::api_error>::convert(r.error());
  }
};

} // namespace Catch
