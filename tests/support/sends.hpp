#pragma once

#include "actors/core/interfaces.hpp"

/// What many tests send. Instantiated once, in sends.cpp: each costs half a second of compile time.
namespace gantry::core {

extern template void tell<job_cancel>(const caf::strong_actor_ptr&, job_cancel&&);
extern template void tell<job_credit>(const caf::strong_actor_ptr&, job_credit&&);
extern template void tell<job_input>(const caf::strong_actor_ptr&, job_input&&);
extern template void tell<job_socket>(const caf::strong_actor_ptr&, job_socket&&);

} // namespace gantry::core

namespace caf {

extern template void
anon_send<message_priority::normal, gantry::core::engine_actor>(const gantry::core::engine_actor&,
                                                                gantry::core::cancel_job&&);
extern template void
anon_send<message_priority::normal, gantry::core::engine_actor>(const gantry::core::engine_actor&,
                                                                gantry::core::run_job&&);
extern template void
anon_send<message_priority::normal, gantry::core::engine_actor>(const gantry::core::engine_actor&,
                                                                gantry::core::run_job&);

} // namespace caf
