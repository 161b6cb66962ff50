package io.gibbon.topology.internals;

import io.gibbon.runtime.Calibration;
import io.gibbon.runtime.Profile;
import io.gibbon.runtime.kv.KvStates;
import io.gibbon.schemas.CollectionCounts;
import io.gibbon.schemas.DocumentState;
import io.gibbon.schemas.IndexedContext;
import io.gibbon.schemas.KvPage;
import io.gibbon.schemas.Manifest;
import io.gibbon.schemas.ManifestContext;
import io.gibbon.schemas.ManifestState;
import io.gibbon.schemas.StoredDocument;
import io.gibbon.schemas.serde.RecordSerde;
import io.gibbon.topology.CollectionList;
import io.gibbon.topology.CollectionStatus;
import io.gibbon.topology.ContextRef;
import io.gibbon.topology.DocumentId;
import io.gibbon.topology.DocumentStatus;
import io.gibbon.topology.SearchResult;
import io.gibbon.topology.StateReader;
import io.gibbon.topology.StateUnavailableException;
import io.gibbon.topology.Version;
import io.gibbon.topology.internals.index.ContextIndex;
import io.gibbon.topology.internals.index.LuceneQuery;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.apache.kafka.common.serialization.Deserializer;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.KeyValue;
import org.jspecify.annotations.Nullable;

/** Reads the stores of this process, as far as they are of its own profile. Thread-safe. */
public final class LocalStateReader implements StateReader {

  private static final Deserializer<IndexedContext> INDEXED =
      RecordSerde.of(IndexedContext.class).deserializer();
  private static final Comparator<SearchResult.Candidate> BY_DOCUMENT =
      Comparator.comparing((SearchResult.Candidate c) -> c.context().document().collection())
          .thenComparing(c -> c.context().document().id())
          .thenComparing(c -> c.context().index());

  private final KafkaStreams streams;
  private final OpenStores open;
  private final StoreQueries queries;
  private final Calibrations calibrations;
  private final Profile profile;
  private final int partitions;
  private volatile boolean ready;

  /** Reads the stores that an application has open. */
  public LocalStateReader(
      KafkaStreams streams,
      OpenStores open,
      Calibrations calibrations,
      int partitions,
      Profile profile) {
    this.streams = streams;
    this.calibrations = calibrations;
    this.open = open;
    this.queries = new StoreQueries(open, partitions);
    this.partitions = partitions;
    this.profile = profile;
  }

  @Override
  public boolean ready() {
    if (!ready && streams.state() == KafkaStreams.State.RUNNING) {
      ready = true;
    }
    return ready;
  }

  @Override
  public Optional<Calibration> calibration() {
    return calibrations.current();
  }

  @Override
  public void keep(Calibration calibration) {
    calibrations.keep(calibration);
  }

  @Override
  public Optional<DocumentStatus> document(DocumentId document) {
    return stored(document)
        .filter(known -> known.getState() != DocumentState.DELETED)
        .map(known -> status(document, known, manifest(document)));
  }

  @Override
  public Optional<Version> deletion(DocumentId document) {
    return stored(document)
        .filter(known -> known.getState() == DocumentState.DELETED)
        .map(marker -> Lifecycle.version(marker.getVersion()));
  }

  private Optional<StoredDocument> stored(DocumentId document) {
    return Optional.ofNullable(
        queries.<@Nullable StoredDocument>read(
            partition(document), stores -> stores.documents().get(Keys.document(document))));
  }

  /**
   * A document may be encoded, but not yet under our own profile: then it is pending to whoever
   * asks here.
   */
  private static DocumentStatus status(
      DocumentId document, StoredDocument stored, @Nullable Manifest manifest) {
    boolean usable = manifest != null && manifest.getContentHash().equals(stored.getContentHash());
    return new DocumentStatus(
        document,
        Lifecycle.version(stored.getVersion()),
        stored.getState() == DocumentState.ENCODED && !usable
            ? DocumentStatus.State.PENDING
            : DocumentStatus.State.valueOf(stored.getState().name()),
        stored.getReason(),
        stored.getTitle(),
        stored.getText(),
        Map.copyOf(stored.getMetadata()),
        manifest == null ? 0 : manifest.getContexts().size(),
        manifest == null ? 0 : manifest.getTokens());
  }

  /** What our own profile's last whole encoding of a document wrote, or null. */
  private @Nullable Manifest manifest(DocumentId document) {
    Bytes key = Keys.manifest(document, profile.fingerprint(), ManifestState.COMPLETE);
    return queries.<@Nullable Manifest>read(
        partition(document), stores -> stores.manifests().get(key));
  }

  @Override
  public CollectionList collections() {
    Map<String, CollectionStatus> merged = new TreeMap<>();
    StoreQueries.Scattered<KeyValue<Bytes, CollectionCounts>> found =
        queries.readAll(
            stores -> StoreQueries.range(stores.collections(), null, null, Integer.MAX_VALUE));
    for (KeyValue<Bytes, CollectionCounts> pair : found.results()) {
      CollectionStatus part = status(Keys.collection(pair.key), pair.value);
      merged.merge(part.collection(), part, LocalStateReader::plus);
    }
    return new CollectionList(List.copyOf(merged.values()), found.complete());
  }

  private static CollectionStatus status(String collection, CollectionCounts counts) {
    return new CollectionStatus(
        collection,
        counts.getEncoded(),
        counts.getPending(),
        counts.getFailed(),
        counts.getContexts(),
        counts.getTokens());
  }

  private static CollectionStatus plus(CollectionStatus a, CollectionStatus b) {
    return new CollectionStatus(
        a.collection(),
        a.documents() + b.documents(),
        a.pending() + b.pending(),
        a.failed() + b.failed(),
        a.contexts() + b.contexts(),
        a.tokens() + b.tokens());
  }

  @Override
  public SearchResult search(String collection, String question, int limit) {
    LuceneQuery query = ContextIndex.query(profile.fingerprint(), collection, question, limit);
    StoreQueries.Scattered<LuceneQuery.Hit> found =
        queries.readAll(stores -> StoreQueries.search(stores, query));
    List<SearchResult.Candidate> best =
        found.results().stream()
            .sorted(Comparator.comparingDouble(LuceneQuery.Hit::score).reversed())
            .limit(limit)
            .map(hit -> candidate(INDEXED.deserialize("", hit.value()), hit.score()))
            .toList();
    return new SearchResult(best, found.complete());
  }

  @Override
  public List<SearchResult.Candidate> contexts(DocumentId document) {
    Bytes from = Keys.context(profile.fingerprint(), document, 0);
    Bytes to = Keys.context(profile.fingerprint(), document, Integer.MAX_VALUE);
    return queries
        .read(
            partition(document),
            stores -> StoreQueries.range(stores.index(), from, to, Integer.MAX_VALUE))
        .stream()
        .map(pair -> candidate(pair.value, null))
        .toList();
  }

  @Override
  public SearchResult contexts(String collection, int limit) {
    Bytes from = Keys.contexts(profile.fingerprint(), collection);
    StoreQueries.Scattered<KeyValue<Bytes, IndexedContext>> found =
        queries.readAll(
            stores -> StoreQueries.range(stores.index(), from, Bytes.increment(from), limit));
    List<SearchResult.Candidate> contexts =
        found.results().stream()
            .map(pair -> candidate(pair.value, null))
            .filter(candidate -> candidate.context().document().collection().equals(collection))
            .sorted(BY_DOCUMENT)
            .limit(limit)
            .toList();
    return new SearchResult(contexts, found.complete());
  }

  @Override
  public SearchResult sample(@Nullable String collection, int limit, long seed) {
    Bytes prefix =
        collection == null
            ? Keys.contexts(profile.fingerprint())
            : Keys.contexts(profile.fingerprint(), collection);
    StoreQueries.Scattered<StoreQueries.Drawn<IndexedContext>> found =
        queries.readAll(stores -> StoreQueries.sample(stores.index(), prefix, limit, seed));
    List<SearchResult.Candidate> drawn =
        found.results().stream()
            .sorted()
            .limit(limit)
            .map(one -> candidate(one.pair().value, null))
            .sorted(BY_DOCUMENT)
            .toList();
    return new SearchResult(drawn, found.complete());
  }

  private static SearchResult.Candidate candidate(IndexedContext context, @Nullable Double score) {
    DocumentId document = new DocumentId(context.getCollection(), context.getId());
    ContextRef ref =
        new ContextRef(document, context.getIndex(), context.getEncodeId(), context.getTokens());
    return new SearchResult.Candidate(ref, context.getTitle(), context.getText(), score);
  }

  @Override
  public KvStates read(ContextRef context) {
    List<byte[]> pages = pages(context);
    if (pages == null) {
      pages = pages(context);
    }
    if (pages == null) {
      throw gone(context);
    }
    return KvStates.ofPages(profile.layout(), context.tokens(), pages);
  }

  /** All pages of a context as its manifest lists them, or null if one is not there. */
  private @Nullable List<byte[]> pages(ContextRef context) {
    List<Integer> checksums = listed(context).getPages();
    return queries.<@Nullable List<byte[]>>read(
        partition(context.document()),
        stores -> {
          List<byte[]> read = new ArrayList<>();
          for (int index = 0; index < checksums.size(); index++) {
            KvPage page = stores.pages().get(pageKey(context, index));
            if (page == null || PageChecksums.of(page.getStates()) != checksums.get(index)) {
              return null;
            }
            read.add(bytes(page.getStates()));
          }
          return read;
        });
  }

  private Bytes pageKey(ContextRef context, int page) {
    return Keys.page(
        context.document(), profile.fingerprint(), context.encodeId(), context.index(), page);
  }

  private ManifestContext listed(ContextRef context) {
    return find(context).orElseThrow(() -> gone(context));
  }

  private Optional<ManifestContext> find(ContextRef context) {
    return Optional.ofNullable(manifest(context.document()))
        .filter(manifest -> manifest.getEncodeId().equals(context.encodeId()))
        .map(Manifest::getContexts)
        .filter(all -> context.index() >= 0 && context.index() < all.size())
        .map(all -> all.get(context.index()))
        .filter(listed -> listed.getTokens() == context.tokens());
  }

  @Override
  public boolean holds(ContextRef context) {
    return find(context).isPresent();
  }

  @Override
  public Runnable watch(Consumer<DocumentId> watcher) {
    return open.watch(watcher);
  }

  private static StateUnavailableException gone(ContextRef context) {
    return new StateUnavailableException(
        "%s (encoding %s) was replaced or deleted".formatted(context, context.encodeId()));
  }

  private static byte[] bytes(ByteBuffer buffer) {
    if (buffer.hasArray() && buffer.arrayOffset() == 0 && buffer.array().length == buffer.limit()) {
      return buffer.array();
    }
    byte[] bytes = new byte[buffer.remaining()];
    buffer.duplicate().get(bytes);
    return bytes;
  }

  private int partition(DocumentId document) {
    return TopicKeys.partition(document, partitions);
  }
}
