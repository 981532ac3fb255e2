#include "actors/image/save_archive.hpp"

#include "actors/store/layer_export.hpp"
#include "protocol/oci/image_platform.hpp"
#include "protocol/oci/save_plan.hpp"
#include "protocol/stream/tar_writer.hpp"

#include <algorithm>
#include <map>
#include <utility>
#include <variant>

namespace gantry::image {

namespace {

/// The archive goes to the client in pieces of about this size.
constexpr std::size_t piece_size = std::size_t{128} * 1024;

/// An image that is to be saved, and the names that it is saved with.
struct chosen_image {
  const store::image* what = nullptr; // of the catalog
  std::string asked;                  // the name that led to it, the first of them
  std::vector<oci::reference> names;
};

api_error no_such_image(std::string_view name) {
  return {errc::not_found, "No such image: " + std::string{name}};
}

/// Finds what names stand for, as dockerd's save does.
class chooser {
public:
  explicit chooser(const store::image_catalog& catalog) : catalog_(catalog) {}

  result<void> choose(const std::string& name) {
    asked_ = name;
    auto parsed = oci::parse_any_reference(name);
    if (!parsed)
      return parsed.error();
    if (const auto* id = std::get_if<oci::digest>(&*parsed)) {
      const auto* image = catalog_.find(*id);
      if (image == nullptr)
        return no_such_image(name);
      add(*image);
      return {};
    }
    const auto& ref = std::get<oci::reference>(*parsed);
    // NOTE: `sha256:ab12` reads as the name `sha256`, and is the front of an id.
    if (ref.familiar_name() == "sha256")
      return choose_by_prefix(name);
    if (!ref.is_name_only()) {
      const auto* image = catalog_.find(ref);
      if (image == nullptr)
        return api_error{errc::not_found, "reference does not exist"};
      add(*image, ref);
      return {};
    }
    if (choose_all_tags(ref))
      return {};
    return choose_by_prefix(name);
  }

  const std::vector<chosen_image>& images() const noexcept { return images_; }

private:
  bool choose_all_tags(const oci::reference& name) {
    std::vector<std::pair<oci::reference, const store::image*>> found;
    for (const auto& image : catalog_.images())
      for (const auto& ref : image.references)
        if (ref.domain == name.domain && ref.path == name.path)
          found.emplace_back(ref, &image);
    std::sort(found.begin(), found.end(),
              [](const auto& a, const auto& b) { return a.first.str() < b.first.str(); });
    for (const auto& [ref, image] : found)
      add(*image, ref);
    return !found.empty();
  }

  result<void> choose_by_prefix(const std::string& name) {
    auto found = catalog_.resolve(name);
    if (!found || found->name)
      return no_such_image(name);
    add(*found->what);
    return {};
  }

  chosen_image& add(const store::image& image) {
    auto known = std::find_if(images_.begin(), images_.end(),
                              [&](const auto& chosen) { return chosen.what == &image; });
    return known != images_.end() ? *known : images_.emplace_back(chosen_image{&image, asked_, {}});
  }

  // Names by digest are not saved.
  void add(const store::image& image, const oci::reference& name) {
    auto& names = add(image).names;
    if (name.content.empty() && std::find(names.begin(), names.end(), name) == names.end())
      names.push_back(name);
  }

  const store::image_catalog& catalog_;
  std::vector<chosen_image> images_;
  std::string asked_;
};

/// Gathers small writes.
class gathered_output {
public:
  explicit gathered_output(const transfer_streams& io) : io_(io) { buffer_.reserve(piece_size); }

  result<void> write(std::string_view bytes) {
    if (bytes.size() < piece_size - buffer_.size()) {
      buffer_ += bytes;
      return {};
    }
    if (auto flushed = flush(); !flushed)
      return flushed;
    if (bytes.size() >= piece_size)
      return io_.write(bytes);
    buffer_ += bytes;
    return {};
  }

  result<void> flush() {
    if (buffer_.empty())
      return {};
    auto written = io_.write(buffer_);
    buffer_.clear();
    return written;
  }

private:
  const transfer_streams& io_;
  std::string buffer_;
};

class saver {
public:
  saver(const save_request& request, const transfer_streams& io, const image_services& services,
        store::lease lease)
      : request_(request), io_(io), services_(services), lease_(lease) {}

  result<void> run() {
    const auto catalog = services_.catalog->get();
    chooser chosen{*catalog};
    for (const auto& name : request_.names)
      if (auto found = chosen.choose(name); !found)
        return found;
    std::vector<oci::saved_image> images;
    for (const auto& image : chosen.images()) {
      if (auto fits = check_platform(*image.what, image.asked); !fits)
        return fits;
      auto prepared = prepare(image);
      if (!prepared)
        return prepared.error();
      images.push_back(std::move(*prepared));
    }
    auto entries = oci::plan_save(images);
    if (!entries)
      return entries.error();
    for (const auto& image : chosen.images())
      services_.publish(store::event_of("save", *image.what, image.what->id().str()));
    return write(*entries);
  }

private:
  result<void> check_platform(const store::image& image, const std::string& name) const {
    if (!request_.wanted)
      return {};
    const auto own = oci::platform_of(image.config());
    if (oci::fitness(own, *request_.wanted) != 0)
      return {};
    return oci::other_platform(name, own, *request_.wanted);
  }

  // Keeps the image until the lease ends, and reads its config.
  result<oci::saved_image> prepare(const chosen_image& image) {
    const auto& id = image.what->id();
    using answer = std::pair<std::string, store::paths>;
    auto held = ask_store_blocking(services_.store, "hold image",
                                   [lease = lease_, id](store::image_store& s) -> result<answer> {
                                     if (auto done = s.hold_image(lease, id); !done)
                                       return done.error();
                                     auto config = s.read_config(id);
                                     if (!config)
                                       return config.error();
                                     return answer{std::move(*config), s.where()};
                                   });
    if (!held)
      return held.error();
    oci::saved_image saved;
    saved.config_bytes = std::move(held->first);
    for (const auto& layer : image.what->facts->layers) {
      saved.layers.push_back({layer->diff_id, static_cast<std::int64_t>(layer->tar_size)});
      directories_[layer->diff_id] = held->second.layer(layer->driver, layer->diff_id.hex());
    }
    saved.tags = image.names;
    saved.parent = image.what->facts->row.parent;
    return saved;
  }

  result<void> write(const std::vector<oci::archive_entry>& entries) {
    gathered_output out{io_};
    for (const auto& entry : entries)
      if (auto written = write_entry(entry, out); !written)
        return written;
    if (auto written = out.write(stream::tar_end()); !written)
      return written;
    return out.flush();
  }

  result<void> write_entry(const oci::archive_entry& entry, gathered_output& out) const {
    using content = oci::archive_entry::content;
    stream::tar_member member;
    member.path = entry.path;
    member.type =
        entry.kind == content::folder ? stream::tar_type::directory : stream::tar_type::file;
    member.size = static_cast<std::uint64_t>(entry.size);
    member.mode = entry.mode;
    member.modified = entry.modified;
    if (entry.kind == content::bytes)
      return out.write(stream::tar_file(member, entry.bytes));
    if (auto written = out.write(stream::tar_header(member)); !written)
      return written;
    if (entry.kind == content::folder)
      return {};
    auto size = store::export_layer(directories_.at(entry.layer), entry.layer,
                                    [&](std::string_view bytes) { return out.write(bytes); });
    if (!size)
      return size.error();
    if (*size != member.size)
      return api_error{errc::system, "layer " + entry.layer.str() + " has " +
                                         std::to_string(*size) + " bytes, not " +
                                         std::to_string(member.size)};
    return out.write(stream::tar_padding(member.size));
  }

  const save_request& request_;
  const transfer_streams& io_;
  const image_services& services_;
  const store::lease lease_;
  std::map<oci::digest, std::filesystem::path> directories_; // of layers, by diff id
};

} // namespace

result<void> save_archive(const save_request& request, const transfer_streams& io,
                          const image_services& services) {
  auto lease = held_lease::begin(services.store);
  if (!lease)
    return lease.error();
  return saver{request, io, services, lease->get()}.run();
}

} // namespace gantry::image
