#include "actors/image/load_archive.hpp"

#include "actors/image/archive_reader.hpp"
#include "actors/image/layer_intake.hpp"
#include "protocol/oci/load_plan.hpp"
#include "protocol/stream/json_message.hpp"

#include <map>
#include <utility>

namespace gantry::image {

namespace {

/// Zeros come in pieces of that size where an archive has a hole.
constexpr std::size_t zeros_size = std::size_t{64} * 1024;

/// Entries that say something about where others are take memory: together with the documents at
/// most `oci::max_documents_size`, counted so.
constexpr std::int64_t cost_of_entry = 128;

const std::string zeros(zeros_size, '\0');

/// The contents of one entry: first what was looked at already, then the rest, holes as zeros.
class entry_contents {
public:
  entry_contents(archive_reader& reader, std::uint64_t size) : reader_(reader), size_(size) {}

  /// The first bytes: `wanted` of them, fewer only if there are no more. Once, before `next`.
  result<std::string_view> look(std::size_t wanted) {
    while (head_.size() < wanted) {
      auto piece = pull();
      if (!piece)
        return piece.error();
      if (!*piece)
        break;
      // The rest of the piece is given out by `next` before the reader is asked again.
      const auto n = std::min(wanted - head_.size(), (*piece)->size());
      head_ += (*piece)->substr(0, n);
      rest_ = (*piece)->substr(n);
    }
    return std::string_view{head_};
  }

  /// The next bytes, valid until the next call; nothing at the end.
  result<std::optional<std::string_view>> next() {
    if (!std::exchange(head_given_, true) && !head_.empty())
      return std::optional{std::string_view{head_}};
    if (!rest_.empty())
      return std::optional{std::exchange(rest_, std::string_view{})};
    return pull();
  }

private:
  // NOTE: libarchive may hand out more than the size that an entry of a sparse file tells.
  result<std::optional<std::string_view>> pull() {
    if (!pending_ && !over_) {
      auto part = reader_.data();
      if (!part)
        return part.error();
      over_ = !*part;
      if (*part)
        pending_ = **part;
    }
    const auto data_at = pending_ ? pending_->offset : size_;
    if (position_ < data_at) {
      const auto n = std::min<std::uint64_t>(zeros_size, data_at - position_);
      position_ += n;
      return std::optional{std::string_view{zeros}.substr(0, n)};
    }
    if (!pending_)
      return std::optional<std::string_view>{};
    const auto bytes = std::exchange(pending_, std::nullopt)->bytes;
    position_ += bytes.size();
    if (bytes.empty())
      return pull();
    return std::optional{bytes};
  }

  archive_reader& reader_;
  const std::uint64_t size_;
  std::uint64_t position_ = 0; // of what was given out
  std::optional<store::tar_data> pending_;
  bool over_ = false;
  std::string head_;
  bool head_given_ = false;
  std::string_view rest_; // of the reader's last piece
};

/// The digest that the name of a file claims for its bytes: `blobs/sha256/HEX`, and `HEX.tar` as
/// skopeo names layers; empty if it claims none.
oci::digest claimed_digest(std::string_view path) {
  constexpr std::string_view blobs = "blobs/sha256/";
  constexpr std::string_view tar = ".tar";
  if (path.starts_with(blobs))
    path.remove_prefix(blobs.size());
  else if (path.ends_with(tar))
    path.remove_suffix(tar.size());
  else
    return {};
  auto parsed = oci::digest::from_hex(path);
  return parsed ? std::move(*parsed) : oci::digest{};
}

/// What a layer is called in progress lines before it is known: 12 digits of its name or folder.
std::string shown_id(std::string_view path, const oci::digest& claimed) {
  if (!claimed.empty())
    return std::string{claimed.short_id()};
  return std::string{oci::short_id(path.substr(0, path.find('/')))};
}

class loader {
public:
  loader(const load_request& request, const transfer_streams& io, const image_services& services,
         store::lease lease)
      : request_(request), io_(io), services_(services),
        pulse_(std::make_shared<std::atomic<std::uint64_t>>(0)),
        intake_(services, io, lease, pulse_) {}

  result<void> run() {
    if (auto read = read_archive(); !read)
      return read;
    if (auto settled = intake_.settle(); !settled)
      return settled;
    for (const auto& [path, number] : layer_at_)
      if (const auto& layer = intake_.layers()[number]; !layer.broken)
        view_.layers[path] = layer.what;
    auto plan = oci::plan_load(view_, options());
    if (!plan)
      return better_reason(plan.error());
    for (const auto& image : plan->images)
      if (auto put = put_image(image); !put)
        return put;
    if (!plan->announce_ids || plan->images.empty())
      return {};
    std::string ids;
    for (const auto& image : plan->images)
      ids += "Loaded image ID: " + image.id.str() + '\n';
    return say(ids);
  }

private:
  // -- reading ----------------------------------------------------------------

  result<void> read_archive() {
    archive_reader reader{unpacked([this] {
      pulse_->fetch_add(1);
      return io_.read();
    })};
    for (;;) {
      auto entry = reader.next();
      if (!entry)
        return entry.error();
      if (*entry == nullptr)
        return {};
      if (auto taken = take(**entry, reader); !taken)
        return taken;
    }
  }

  result<void> take(const store::tar_entry& entry, archive_reader& reader) {
    using kind = store::entry_kind;
    auto path = oci::clean_archive_path(entry.path);
    const auto folders = view_.folders.size();
    oci::note_folder(view_, entry.path, entry.kind == kind::directory);
    if (view_.folders.size() != folders)
      if (auto paid = pay(cost_of(path)); !paid)
        return paid;
    if (path.empty() || entry.kind == kind::directory)
      return {};
    if (entry.kind == kind::file) {
      forget(path);
      return take_file(std::move(path), entry.size, reader);
    }
    if (entry.kind != kind::symbolic_link && entry.kind != kind::hard_link)
      return {};
    auto target = std::string{entry.kind == kind::hard_link ? "/" : ""} + std::string{entry.link};
    if (auto paid = pay(cost_of(path) + cost_of(target)); !paid)
      return paid;
    forget(path);
    view_.links[path] = std::move(target);
    return {};
  }

  result<void> take_file(std::string path, std::uint64_t size, archive_reader& reader) {
    entry_contents contents{reader, size};
    auto head = contents.look(oci::entry_head_size);
    if (!head)
      return head.error();
    const auto signed_size = static_cast<std::int64_t>(size);
    switch (oci::role_of(path, *head, signed_size)) {
    case oci::entry_role::layer:
      return take_layer(std::move(path), signed_size, contents);
    case oci::entry_role::document:
      return take_document(std::move(path), signed_size, contents);
    case oci::entry_role::other:
      break;
    }
    return take_other(std::move(path));
  }

  result<void> take_layer(std::string path, std::int64_t size, entry_contents& contents) {
    if (auto paid = pay(cost_of(path)); !paid)
      return paid;
    const auto claimed = claimed_digest(path);
    layer_at_[path] = intake_.layers().size();
    const layer_intake::contents read = [&]() -> result<std::optional<std::string_view>> {
      if (io_.gone())
        return api_error{errc::unavailable, "the client has left"};
      return contents.next();
    };
    // Layers that the store has are passed over silently, as in dockerd: by their names if these
    // tell what they are, else (`HEX/layer.tar` of 20.10, whose config comes later) by digest.
    if (claimed.empty() && intake_.may_have(size))
      return intake_.identify(std::move(path), read);
    progress_lines progress{io_, "Loading layer", shown_id(path, claimed), size};
    bool any = false;
    auto taken =
        intake_.take(std::move(path), claimed, [&]() -> result<std::optional<std::string_view>> {
          auto piece = read();
          any = true;
          if (!piece || !*piece || request_.quiet)
            return piece;
          if (auto told = progress.advance((*piece)->size()); !told)
            return told.error();
          return piece;
        });
    if (!taken || request_.quiet || !any)
      return taken;
    return progress.finish();
  }

  result<void> take_document(std::string path, std::int64_t size, entry_contents& contents) {
    if (auto paid = pay(cost_of(path) + size); !paid)
      return paid;
    std::string text;
    text.reserve(static_cast<std::size_t>(size));
    for (;;) {
      auto piece = contents.next();
      if (!piece)
        return piece.error();
      if (!*piece)
        break;
      text += **piece;
    }
    view_.documents[std::move(path)] = std::move(text);
    return {};
  }

  // Noted as long as there is room, so that an image that needs it is told what is wrong.
  result<void> take_other(std::string path) {
    if (spent_ < oci::max_documents_size / 2) {
      spent_ += cost_of(path);
      view_.others.insert(std::move(path));
    }
    return {};
  }

  static std::int64_t cost_of(const std::string& text) {
    return cost_of_entry + static_cast<std::int64_t>(text.size());
  }

  result<void> pay(std::int64_t cost) {
    spent_ += cost;
    if (spent_ > oci::max_documents_size)
      return api_error{errc::invalid_parameter, "the archive has too much besides its layers"};
    return {};
  }

  // A later entry takes the place of an earlier one.
  void forget(const std::string& path) {
    view_.documents.erase(path);
    view_.links.erase(path);
    view_.others.erase(path);
    layer_at_.erase(path);
  }

  // -- making -----------------------------------------------------------------

  oci::load_options options() {
    oci::load_options options;
    options.wanted = request_.wanted.value_or(services_.host);
    options.only_wanted = request_.wanted.has_value();
    options.has_layer = [this](const oci::digest& diff_id) {
      auto held = intake_.hold(diff_id);
      return held && held->has_value();
    };
    return options;
  }

  // A layer that is missing because it could not be unpacked is told with the reason.
  api_error better_reason(const api_error& error) const {
    if (error.message.starts_with("open "))
      for (const auto& layer : intake_.layers())
        if (layer.broken && error.message.starts_with("open " + layer.path + ':'))
          return *layer.broken;
    return error;
  }

  result<void> put_image(const oci::planned_image& image) {
    store::new_image wanted{image.config_bytes, image.tags, image.parent};
    auto put = ask_store_blocking(
        services_.store, "put image",
        [wanted = std::move(wanted)](store::image_store& s) { return s.put_image(wanted); });
    if (!put)
      return put.error();
    publish_load(image);
    for (const auto& name : image.tags) {
      for (const auto& moved : put->moved)
        if (moved.name == store::kept_form(name))
          if (auto told = say("The image " + name.familiar() +
                              " already exists, renaming the old one with ID " + moved.from.str() +
                              " to empty string\n");
              !told)
            return told;
      if (auto told = say("Loaded image: " + name.familiar() + '\n'); !told)
        return told;
    }
    return {};
  }

  void publish_load(const oci::planned_image& image) const {
    store::image_event event{"load", image.id.str(), {}};
    if (image.config.config && image.config.config->labels)
      event.attributes = *image.config.config->labels;
    event.attributes["name"] = image.id.str();
    services_.publish(event);
  }

  result<void> say(std::string text) {
    stream::json_message message;
    message.stream = std::move(text);
    return io_.write(stream::encode(message));
  }

  const load_request& request_;
  const transfer_streams& io_;
  const image_services& services_;
  const pulse pulse_;
  layer_intake intake_;
  oci::archive_view view_;
  std::int64_t spent_ = 0;
  std::map<std::string, std::size_t> layer_at_; // path -> number among those of the intake
};

} // namespace

result<void> load_archive(const load_request& request, const transfer_streams& io,
                          const image_services& services) {
  auto lease = held_lease::begin(services.store);
  if (!lease)
    return lease.error();
  return loader{request, io, services, lease->get()}.run();
}

} // namespace gantry::image
