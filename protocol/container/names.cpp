#include "protocol/container/names.hpp"

#include <algorithm>
#include <array>

namespace gantry::container {

namespace {

constexpr std::array<std::string_view, 115> adjectives{
    "able",    "agile",    "airy",     "ample",    "apt",     "amber",   "bold",     "brave",
    "breezy",  "bright",   "brisk",    "calm",     "candid",  "careful", "cheery",   "chipper",
    "civil",   "clever",   "cosmic",   "cozy",     "crisp",   "curious", "daring",   "dapper",
    "deft",    "diligent", "dreamy",   "eager",    "earnest", "easy",    "elated",   "even",
    "fair",    "fancy",    "fearless", "fleet",    "fluent",  "fond",    "frank",    "fresh",
    "gallant", "genial",   "gentle",   "giddy",    "glad",    "golden",  "graceful", "grand",
    "handy",   "hardy",    "hasty",    "hearty",   "helpful", "honest",  "hopeful",  "humble",
    "ideal",   "jaunty",   "jolly",    "jovial",   "joyful",  "keen",    "kind",     "lively",
    "loyal",   "lucid",    "lucky",    "mellow",   "merry",   "mighty",  "mindful",  "modest",
    "neat",    "nifty",    "nimble",   "noble",    "patient", "peppy",   "placid",   "playful",
    "plucky",  "polite",   "proud",    "prudent",  "quick",   "quiet",   "radiant",  "rapid",
    "ready",   "robust",   "serene",   "shiny",    "sincere", "smooth",  "snappy",   "sober",
    "solid",   "spry",     "stable",   "steady",   "sturdy",  "subtle",  "sunny",    "swift",
    "tender",  "thrifty",  "tidy",     "tranquil", "trusty",  "upbeat",  "vivid",    "warm",
    "wise",    "witty",    "zesty"};

// People who found something out.
constexpr std::array<std::string_view, 204> surnames{
    "abel",         "agnesi",       "airy",        "alembert",      "ampere",      "arago",
    "archimedes",   "aryabhata",    "avicenna",    "avogadro",      "babbage",     "banneker",
    "bardeen",      "becquerel",    "bell",        "bernoulli",     "bessel",      "bhabha",
    "bohr",         "boltzmann",    "bolyai",      "bolzano",       "boole",       "born",
    "bose",         "boyle",        "bragg",       "brahe",         "brahmagupta", "brattain",
    "burnell",      "cannon",       "cantor",      "carnot",        "carson",      "cauchy",
    "cavendish",    "cayley",       "celsius",     "chandrasekhar", "chatelet",    "chladni",
    "church",       "clausius",     "coulomb",     "crick",         "cori",        "curie",
    "dalton",       "darwin",       "davy",        "dedekind",      "descartes",   "dijkstra",
    "diophantus",   "dirac",        "doppler",     "edison",        "ehrlich",     "einstein",
    "elion",        "eratosthenes", "euclid",      "euler",         "faraday",     "fermat",
    "fermi",        "feynman",      "fibonacci",   "fizeau",        "fleming",     "foucault",
    "fourier",      "franklin",     "fresnel",     "galilei",       "galois",      "galvani",
    "gauss",        "germain",      "gibbs",       "godel",         "goodall",     "grothendieck",
    "hadamard",     "haller",       "hamilton",    "hardy",         "heaviside",   "heisenberg",
    "helmholtz",    "herschel",     "hertz",       "hilbert",       "hodgkin",     "hopper",
    "hubble",       "humboldt",     "huygens",     "hypatia",       "jacobi",      "jenner",
    "johnson",      "joliot",       "joule",       "kaluza",        "kelvin",      "kepler",
    "khayyam",      "khwarizmi",    "kirch",       "kirchhoff",     "klein",       "kolmogorov",
    "kovalevskaya", "lagrange",     "lamarr",      "lamport",       "laplace",     "lavoisier",
    "leavitt",      "leeuwenhoek",  "legendre",    "leibniz",       "liskov",      "lobachevsky",
    "lorentz",      "lovelace",     "lyell",       "mach",          "maathai",     "markov",
    "maxwell",      "mayer",        "mcclintock",  "meitner",       "mendel",      "mendeleev",
    "milnor",       "minkowski",    "mirzakhani",  "mitchell",      "moebius",     "morse",
    "napier",       "nash",         "neumann",     "newton",        "nightingale", "nobel",
    "noether",      "oersted",      "ohm",         "oppenheimer",   "pascal",      "pasteur",
    "pauli",        "pavlov",       "payne",       "peano",         "penrose",     "perlman",
    "planck",       "poincare",     "poisson",     "ptolemy",       "pythagoras",  "raman",
    "ramanujan",    "rayleigh",     "riemann",     "ritchie",       "roentgen",    "rubin",
    "rutherford",   "sagan",        "sakharov",    "salk",          "schrodinger", "shannon",
    "somerville",   "stokes",       "swirles",     "tesla",         "thales",      "tharp",
    "thompson",     "torricelli",   "turing",      "vaughan",       "villani",     "volta",
    "wallace",      "watt",         "weierstrass", "weyl",          "wien",        "wiles",
    "wilson",       "wright",       "wu",          "yalow",         "yukawa",      "zuse"};

bool is_alphanumeric(char c) noexcept {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

} // namespace

result<std::string> checked_name(std::string_view text) {
  auto name = text;
  if (name.starts_with('/'))
    name.remove_prefix(1);
  const bool good = name.size() >= 2 && is_alphanumeric(name.front()) &&
                    std::all_of(name.begin(), name.end(), [](char c) {
                      return is_alphanumeric(c) || c == '_' || c == '.' || c == '-';
                    });
  if (!good)
    return api_error{errc::invalid_parameter, "Invalid container name (" + std::string{text} +
                                                  "), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed"};
  return '/' + std::string{name};
}

std::string generated_name(std::uint64_t random, unsigned attempt) {
  std::string name = "/";
  name += adjectives[random % adjectives.size()];
  random /= adjectives.size();
  name += '_';
  name += surnames[random % surnames.size()];
  random /= surnames.size();
  if (attempt > 0)
    name += static_cast<char>('0' + random % 10);
  return name;
}

api_error name_in_use(std::string_view name, std::string_view id) {
  return {errc::conflict, "Conflict. The container name \"" + std::string{name} +
                              "\" is already in use by container \"" + std::string{id} +
                              "\". You have to remove (or rename) that container to be able to "
                              "reuse that name."};
}

bool is_usable_id(std::string_view id) noexcept {
  constexpr std::size_t short_id = 12;
  return id.substr(0, short_id).find_first_not_of("0123456789") != id.npos;
}

} // namespace gantry::container
