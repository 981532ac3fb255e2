#include "tests/support/sends.hpp"

namespace gantry::core {

template void tell<job_cancel>(const caf::strong_actor_ptr&, job_cancel&&);
template void tell<job_credit>(const caf::strong_actor_ptr&, job_credit&&);
template void tell<job_input>(const caf::strong_actor_ptr&, job_input&&);
template void tell<job_socket>(const caf::strong_actor_ptr&, job_socket&&);

} // namespace gantry::core

namespace caf {

template void
anon_send<message_priority::normal, gantry::core::engine_actor>(const gantry::core::engine_actor&,
                                                                gantry::core::cancel_job&&);
template void
anon_send<message_priority::normal, gantry::core::engine_actor>(const gantry::core::engine_actor&,
                                                                gantry::core::run_job&&);
template void
anon_send<message_priority::normal, gantry::core::engine_actor>(const gantry::core::engine_actor&,
                                                                gantry::core::run_job&);

} // namespace caf
