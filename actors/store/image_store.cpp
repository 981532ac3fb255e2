#include "actors/store/image_store.hpp"

#include "actors/store/file_steps.hpp"
#include "protocol/oci/history.hpp"
#include "protocol/oci/image_config.hpp"

#include <chrono>
#include <utility>

namespace gantry::store {

namespace {

std::set<oci::digest> distinct(const std::vector<oci::digest>& layers) {
  return {layers.begin(), layers.end()};
}

} // namespace

result<std::unique_ptr<image_store>> image_store::open(const std::filesystem::path& root,
                                                       std::function<timestamp()> now) {
  paths where{root};
  auto lock = occupy(where);
  if (!lock)
    return lock.error();
  auto db = metadata_db::open(where.database());
  if (!db)
    return db.error();
  auto bin = std::make_shared<trash>(where.trash());
  auto state = recover(where, *db, *bin);
  if (!state)
    return state.error();
  if (!now)
    now = [] { return timestamp{std::chrono::system_clock::now()}; };
  return std::unique_ptr<image_store>{new image_store{std::move(where), std::move(now),
                                                      std::move(*lock), std::move(*db),
                                                      std::move(bin), std::move(*state)}};
}

image_store::image_store(paths where, std::function<timestamp()> now, host::unique_fd lock,
                         metadata_db db, std::shared_ptr<trash> bin, recovered_state state)
    : paths_(std::move(where)), now_(std::move(now)), lock_(std::move(lock)), db_(std::move(db)),
      blobs_(paths_), reserve_(paths_.reserve()), warnings_(std::move(state.warnings)),
      bin_(std::move(bin)), content_(std::move(state.content)) {
  for (const auto& [id, facts] : content_.images) {
    for (const auto& layer : facts->layers)
      layers_[layer->diff_id].info = layer;
    count_image(facts->row, 1);
  }
  publish();
  reserve_.keep();
}

void image_store::publish() { catalog_ = std::make_shared<const image_catalog>(content_); }

void image_store::count_image(const image_row& row, int change) {
  for (const auto& id : distinct(row.layers))
    layers_[id].images += static_cast<std::size_t>(change);
}

result<std::string> image_store::read_config(const oci::digest& image) const {
  return blobs_.read(image, oci::max_config_size);
}

// -- leases -------------------------------------------------------------------

lease image_store::begin_lease() {
  leases_.emplace(++last_lease_, holdings{});
  return {last_lease_};
}

void image_store::hold(holdings& of, const oci::digest& diff_id) {
  if (of.layers.insert(diff_id).second)
    ++layers_[diff_id].holds;
}

std::optional<layer_info> image_store::hold_layer(lease work, const oci::digest& diff_id) {
  auto holder = leases_.find(work.number);
  auto layer = layers_.find(diff_id);
  if (holder == leases_.end() || layer == layers_.end())
    return std::nullopt;
  hold(holder->second, diff_id);
  return *layer->second.info;
}

result<void> image_store::hold_image(lease work, const oci::digest& image) {
  auto holder = leases_.find(work.number);
  auto found = content_.images.find(image);
  if (holder == leases_.end() || found == content_.images.end())
    return api_error{errc::not_found, "No such image: " + image.str()};
  holder->second.configs.insert(image);
  for (const auto& layer : found->second->row.layers)
    hold(holder->second, layer);
  return {};
}

bool image_store::is_held(const oci::digest& diff_id) const {
  auto layer = layers_.find(diff_id);
  return layer != layers_.end() && layer->second.holds != 0;
}

bool image_store::is_config_held(const oci::digest& image) const {
  for (const auto& [number, holder] : leases_)
    if (holder.configs.count(image) != 0)
      return true;
  return false;
}

void image_store::end_lease(lease work) {
  auto ended = leases_.extract(work.number);
  if (ended.empty())
    return;
  for (const auto& id : ended.mapped().layers) {
    auto layer = layers_.find(id);
    if (--layer->second.holds != 0 || layer->second.images != 0)
      continue;
    // What cannot be renamed now is found at the next start, or by the next who brings this layer.
    (void)bin_->take(paths_.layer(layer->second.info->driver, id.hex()));
    layers_.erase(layer);
  }
  for (const auto& id : ended.mapped().configs)
    if (content_.images.count(id) == 0 && !is_config_held(id))
      (void)blobs_.remove(id);
}

// -- coming in ----------------------------------------------------------------

result<layer_outcome> image_store::add_layer(lease work, const std::filesystem::path& prepared,
                                             const layer_info& info) {
  auto holder = leases_.find(work.number);
  if (holder == leases_.end())
    return api_error{errc::system, "layer " + info.diff_id.str() + " was brought too late"};
  layer_outcome outcome;
  if (auto known = layers_.find(info.diff_id); known != layers_.end()) {
    outcome.layer = *known->second.info;
    outcome.existed = true;
    (void)bin_->take(prepared); // in `tmp` it is found as well
    hold(holder->second, info.diff_id);
    return outcome;
  }
  auto made = ensure_directory(paths_.layers(info.driver), 0710);
  if (!made)
    return made.error();
  if (*made)
    if (auto synced = sync_directory(paths_.layers()); !synced)
      return synced.error();
  auto place = paths_.layer(info.driver, info.diff_id.hex());
  // One that should have been taken away, but could not be, is not known to be whole.
  if (auto taken = bin_->take(place); !taken)
    return taken.error();
  if (auto moved = rename_path(prepared, place); !moved)
    return moved.error();
  unsynced_drivers_.insert(info.driver);
  layers_[info.diff_id].info = std::make_shared<const layer_info>(info);
  hold(holder->second, info.diff_id);
  outcome.layer = info;
  return outcome;
}

result<void> image_store::sync_new_layers() {
  if (unsynced_drivers_.empty())
    return {};
  for (const auto& driver : unsynced_drivers_)
    if (auto synced = sync_directory(paths_.layers(driver)); !synced)
      return synced;
  // NOTE: without a journal the old names could be back after a power cut, and the next start
  // would delete the layers by them.
  if (auto synced = sync_directory(paths_.tmp()); !synced)
    return synced;
  unsynced_drivers_.clear();
  return {};
}

result<put_outcome> image_store::put_image(const new_image& image) {
  auto config = oci::parse_image_config(image.config);
  if (!config)
    return config.error();
  if (auto good = oci::check_history(*config); !good)
    return good.error();
  auto refuse = [](std::string text) {
    return api_error{errc::invalid_parameter, std::move(text)};
  };
  put_outcome outcome;
  outcome.id = oci::sha256_of(image.config);
  for (const auto& layer : config->diff_ids)
    if (layers_.count(layer) == 0)
      return refuse("layer " + layer.str() + " of image " + outcome.id.str() + " is not there");
  if (!image.parent.empty() &&
      (image.parent == outcome.id || content_.images.count(image.parent) == 0))
    return refuse("unknown parent image ID " + image.parent.str());

  auto known = content_.images.find(outcome.id);
  outcome.existed = known != content_.images.end();
  auto facts = std::make_shared<image_facts>();
  if (outcome.existed) {
    *facts = *known->second;
  } else {
    facts->row = {outcome.id, image.parent, config->diff_ids, {}, now_()};
    for (const auto& layer : config->diff_ids)
      facts->layers.push_back(layers_[layer].info);
    facts->chain_ids = oci::chain_ids(config->diff_ids);
    facts->config = std::make_shared<const oci::image_config>(std::move(*config));
  }
  if (image.tagged)
    facts->row.tagged = now_();

  bool had_blob = blobs_.has(outcome.id);
  if (auto written = write_image(*facts, outcome.existed, image); !written) {
    if (!had_blob)
      (void)blobs_.remove(outcome.id);
    return written.error();
  }
  if (!outcome.existed)
    count_image(facts->row, 1);
  content_.images[outcome.id] = std::move(facts);
  for (const auto& name : image.references) {
    auto kept = kept_form(name);
    auto& row = content_.references[kept.str()];
    if (!row.image.empty() && row.image != outcome.id)
      outcome.moved.push_back({kept, row.image});
    row = {kept, outcome.id};
  }
  publish();
  reserve_.keep();
  return outcome;
}

result<void> image_store::write_image(const image_facts& facts, bool existed,
                                      const new_image& image) {
  if (!existed) {
    if (auto put = blobs_.put(image.config); !put)
      return put.error();
    // After the blob: on ext4 and XFS the journal has these names on the disk by then.
    if (auto synced = sync_new_layers(); !synced)
      return synced;
  }
  auto change = db_.change("keep image " + facts.row.id.str());
  if (!change)
    return change.error();
  if (!existed) {
    for (const auto& layer : distinct(facts.row.layers))
      if (const auto& kept = layers_[layer]; kept.images == 0)
        if (auto added = db_.add_layer(*kept.info); !added)
          return added;
    if (auto added = db_.add_image(facts.row, *facts.config); !added)
      return added;
  } else if (image.tagged) {
    if (auto noted = db_.set_tagged(facts.row.id, *facts.row.tagged); !noted)
      return noted;
  }
  for (const auto& name : image.references)
    if (auto set = db_.set_reference(kept_form(name), facts.row.id); !set)
      return set;
  return change->commit();
}

// -- names --------------------------------------------------------------------

result<put_outcome> image_store::tag(std::string_view source, const oci::reference& name) {
  if (auto allowed = oci::check_new_tag(name); !allowed)
    return allowed.error();
  auto found = catalog_->resolve(source);
  if (!found)
    return found.error();
  put_outcome outcome;
  outcome.id = found->what->id();
  outcome.existed = true;
  auto kept = kept_form(name);
  auto facts = std::make_shared<image_facts>(*found->what->facts);
  facts->row.tagged = now_();

  auto change = db_.change("tag image " + outcome.id.str());
  if (!change)
    return change.error();
  if (auto set = db_.set_reference(kept, outcome.id); !set)
    return set.error();
  if (auto noted = db_.set_tagged(outcome.id, *facts->row.tagged); !noted)
    return noted.error();
  if (auto done = change->commit(); !done)
    return done.error();

  content_.images[outcome.id] = std::move(facts);
  auto& row = content_.references[kept.str()];
  if (!row.image.empty() && row.image != outcome.id)
    outcome.moved.push_back({kept, row.image});
  row = {kept, outcome.id};
  publish();
  return outcome;
}

result<bool> image_store::untag(const oci::reference& name) {
  auto kept = kept_form(name);
  auto known = content_.references.find(kept.str());
  if (known == content_.references.end())
    return false;
  auto change = db_.change("untag image " + known->second.image.str());
  if (!change)
    return change.error();
  if (auto removed = db_.remove_reference(kept); !removed)
    return removed.error();
  if (auto done = change->commit(); !done)
    return done.error();
  content_.references.erase(known);
  publish();
  return true;
}

// -- going --------------------------------------------------------------------

result<removal_outcome> image_store::remove_image(std::string_view name,
                                                  const removal_options& options,
                                                  const users_of_image& users) {
  auto catalog = catalog_;
  removal_planner planner{*catalog, users, [this](const oci::digest& id) { return is_held(id); }};
  if (auto planned = planner.remove(name, options); !planned)
    return planned.error();
  return apply(planner.plan());
}

result<removal_outcome> image_store::prune(const prune_filter& filter,
                                           const users_of_image& users) {
  auto catalog = catalog_;
  removal_planner planner{*catalog, users, [this](const oci::digest& id) { return is_held(id); }};
  planner.prune(filter);
  auto outcome = apply(planner.plan());
  if (outcome)
    outcome->events.push_back({"prune", "", {{"reclaimed", std::to_string(outcome->reclaimed)}}});
  return outcome;
}

// Takes them out of the database.
result<void> image_store::forget(const removal_plan& plan, const std::vector<oci::digest>& layers) {
  auto change = db_.change("remove images");
  if (!change)
    return change.error();
  for (const auto& name : plan.references)
    if (auto removed = db_.remove_reference(name); !removed)
      return removed;
  for (const auto& id : plan.images)
    if (auto removed = db_.remove_image(id); !removed)
      return removed;
  for (const auto& layer : layers)
    if (auto removed = db_.remove_layer(layer); !removed)
      return removed;
  return change->commit();
}

result<removal_outcome> image_store::apply(const removal_plan& plan) {
  removal_outcome outcome;
  outcome.records = plan.records;
  outcome.events = plan.events;
  if (plan.references.empty() && plan.images.empty())
    return outcome;

  std::map<oci::digest, std::size_t> losses; // images that each layer loses
  for (const auto& id : plan.images)
    for (const auto& layer : distinct(content_.images.at(id)->row.layers))
      ++losses[layer];
  std::vector<oci::digest> unused;
  for (const auto& [layer, lost] : losses)
    if (layers_[layer].images == lost)
      unused.push_back(layer);

  auto forgotten = forget(plan, unused);
  if (!forgotten && reserve_.release()) // if it was for want of space, there is some now
    forgotten = forget(plan, unused);
  if (!forgotten)
    return forgotten.error();

  // It is done; what cannot be taken away now is only in nobody's way.
  for (const auto& name : plan.references)
    content_.references.erase(name.str());
  for (const auto& id : plan.images) {
    count_image(content_.images.at(id)->row, -1);
    content_.images.erase(id);
    if (!is_config_held(id))
      if (auto removed = blobs_.remove(id); !removed)
        outcome.warnings.push_back(removed.error().message);
  }
  for (const auto& id : unused) {
    auto layer = layers_.find(id);
    if (layer->second.holds != 0)
      continue;
    const auto& info = *layer->second.info;
    outcome.reclaimed += info.size;
    if (auto taken = bin_->take(paths_.layer(info.driver, id.hex())); !taken)
      outcome.warnings.push_back(taken.error().message);
    layers_.erase(layer);
  }
  publish();
  reserve_.keep();
  return outcome;
}

} // namespace gantry::store
