#include "actors/engine/engine_actor.hpp"
#include "actors/image/image_services.hpp"
#include "actors/jobs/image_arguments.hpp"
#include "actors/jobs/image_builtins.hpp"
#include "actors/jobs/image_json.hpp"

#include <boost/json/value.hpp>

namespace gantry::jobs {

result<void> add_image_inspect_job(engine::job_table& table,
                                   const image::image_services& services) {
  return table.add("image_inspect", engine::job_function{[services](engine::job_run& run) {
                     if (run.args().size() != 1)
                       return run.fail(errc::invalid_parameter, "usage: image_inspect NAME");
                     auto catalog = services.catalog->get();
                     auto found = find_image(*catalog, run.args().front(), run.environment());
                     if (!found)
                       return run.fail(found.error());
                     const auto& layers = *services.layers;
                     run.succeed(boost::json::value(image_details(
                         *found->what, services.host, to_string(layers.driver()), layers.where())));
                   }});
}

} // namespace gantry::jobs
