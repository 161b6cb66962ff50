package io.gibbon.server;

import io.gibbon.runtime.Calibration;
import io.gibbon.runtime.kv.KvLayout;
import io.gibbon.runtime.kv.KvStates;
import io.gibbon.topology.CollectionList;
import io.gibbon.topology.CollectionStatus;
import io.gibbon.topology.ContextRef;
import io.gibbon.topology.DocumentId;
import io.gibbon.topology.DocumentStatus;
import io.gibbon.topology.SearchResult;
import io.gibbon.topology.SearchResult.Candidate;
import io.gibbon.topology.StateReader;
import io.gibbon.topology.StateUnavailableException;
import io.gibbon.topology.Version;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** States of documents in memory, one context each; a search finds whatever shares a word. */
public final class FakeStates implements StateReader {

  private final KvLayout layout;
  private final Map<String, DocumentStatus> documents = new ConcurrentSkipListMap<>();

  private final Map<DocumentId, Version> deletions = new ConcurrentHashMap<>();
  private final List<Consumer<DocumentId>> watchers = new CopyOnWriteArrayList<>();

  /** Contexts whose states are gone. */
  public final Set<String> gone = ConcurrentHashMap.newKeySet();

  /** Documents whose partition cannot be asked. */
  public final Set<DocumentId> absent = ConcurrentHashMap.newKeySet();

  /** Whether the first restoration is done. */
  public volatile boolean ready = true;

  /** Whether encodings are still those that were found. */
  public volatile boolean holds = true;

  /** Whether all partitions can be asked. */
  public volatile boolean complete = true;

  /** What the latest sample was drawn by. */
  public volatile @Nullable Long drawnBy;

  /** What was learnt. */
  public volatile @Nullable Calibration calibration;

  /** Runs at every look at documents, on the caller's thread. */
  public volatile Runnable onLook = () -> {};

  /** States in the layout of a profile. */
  public FakeStates(KvLayout layout) {
    this.layout = layout;
  }

  /** Adds an encoded document, or replaces one. */
  public FakeStates add(String collection, String id, String text, long timestamp) {
    return put(collection, id, text, timestamp, DocumentStatus.State.ENCODED);
  }

  /** Adds a document in some state. */
  public FakeStates put(
      String collection, String id, String text, long timestamp, DocumentStatus.State state) {
    DocumentId name = new DocumentId(collection, id);
    String reason = state == DocumentStatus.State.FAILED ? "no luck" : null;
    @Nullable DocumentStatus replaced =
        documents.put(
            name.toString(),
            new DocumentStatus(
                name,
                new Version(timestamp, 7),
                state,
                reason,
                "Title of " + id,
                text,
                Map.of(),
                1,
                5));
    if (replaced != null) {
      tell(name);
    }
    return this;
  }

  @Override
  public boolean ready() {
    return ready;
  }

  @Override
  public Optional<Calibration> calibration() {
    return Optional.ofNullable(calibration);
  }

  @Override
  public void keep(Calibration learnt) {
    calibration = learnt;
  }

  @Override
  public Optional<DocumentStatus> document(DocumentId document) {
    onLook.run();
    return Optional.ofNullable(documents.get(document.toString()));
  }

  /** Removes a document and remembers its deletion. */
  public void delete(String collection, String id, long timestamp) {
    DocumentId name = new DocumentId(collection, id);
    documents.remove(name.toString());
    deletions.put(name, new Version(timestamp, 8));
    tell(name);
  }

  private void tell(DocumentId changed) {
    watchers.forEach(watcher -> watcher.accept(changed));
  }

  @Override
  public Optional<Version> deletion(DocumentId document) {
    return Optional.ofNullable(deletions.get(document));
  }

  @Override
  public CollectionList collections() {
    return new CollectionList(known(), complete);
  }

  private List<CollectionStatus> known() {
    return documents.values().stream()
        .map(document -> document.document().collection())
        .distinct()
        .map(name -> new CollectionStatus(name, 1, 0, 0, 1, 5))
        .toList();
  }

  @Override
  public SearchResult search(String collection, String question, int limit) {
    onLook.run();
    List<Candidate> found = new ArrayList<>();
    for (DocumentStatus document : documents.values()) {
      boolean match = Set.of(question.split(" ")).stream().anyMatch(document.text()::contains);
      if (document.document().collection().equals(collection) && match && found.size() < limit) {
        found.add(candidate(document, 1.5));
      }
    }
    return new SearchResult(found, complete);
  }

  @Override
  public List<Candidate> contexts(DocumentId document) {
    if (absent.contains(document)) {
      throw new StateUnavailableException("the partition of " + document + " is not here");
    }
    return document(document).map(d -> List.of(candidate(d, null))).orElse(List.of());
  }

  @Override
  public SearchResult contexts(String collection, int limit) {
    List<Candidate> found =
        documents.values().stream()
            .filter(document -> document.document().collection().equals(collection))
            .limit(limit)
            .map(document -> candidate(document, null))
            .toList();
    return new SearchResult(found, complete);
  }

  @Override
  public SearchResult sample(@Nullable String collection, int limit, long seed) {
    List<Candidate> all = new ArrayList<>();
    known().stream()
        .map(CollectionStatus::collection)
        .filter(name -> collection == null || name.equals(collection))
        .forEach(name -> all.addAll(contexts(name, Integer.MAX_VALUE).candidates()));
    drawnBy = seed;
    Collections.shuffle(all, new Random(seed));
    List<Candidate> drawn =
        all.stream()
            .limit(limit)
            .sorted(
                Comparator.comparing((Candidate one) -> one.context().document().toString())
                    .thenComparing(one -> one.context().index()))
            .toList();
    return new SearchResult(drawn, complete);
  }

  @Override
  public KvStates read(ContextRef context) {
    if (gone.contains(context.toString())) {
      throw new StateUnavailableException(context + " is gone");
    }
    return KvStates.allocate(layout, context.tokens());
  }

  @Override
  public boolean holds(ContextRef context) {
    return holds
        && !gone.contains(context.toString())
        && contexts(context.document()).stream().anyMatch(c -> c.context().equals(context));
  }

  @Override
  public Runnable watch(Consumer<DocumentId> watcher) {
    watchers.add(watcher);
    return () -> watchers.remove(watcher);
  }

  private static Candidate candidate(DocumentStatus document, @Nullable Double score) {
    String encodeId = "e" + document.version().timestamp();
    ContextRef ref = new ContextRef(document.document(), 0, encodeId, (int) document.tokens());
    return new Candidate(ref, document.title(), document.text(), score);
  }
}
