package io.gibbon.topology;

import io.gibbon.runtime.Calibration;
import io.gibbon.runtime.kv.KvStates;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Reads what the topology keeps, and keeps what was learnt about it. Thread-safe. All methods but
 * {@link #ready}, {@link #calibration} and {@link #watch} read from disk: call them from a virtual
 * thread or a worker, never from an event loop. They throw {@link StateUnavailableException} while
 * the application is not running.
 */
public interface StateReader {

  /** Whether the first restoration is done; stays true through rebalances. Never waits. */
  boolean ready();

  /** What was learnt about our own profile, by any instance, or empty. Never waits. */
  Optional<Calibration> calibration();

  /**
   * Tells all instances what was learnt about our own profile; they use it as soon as they hear it.
   * Waits for Kafka.
   *
   * @throws StateUnavailableException if Kafka does not take it
   */
  void keep(Calibration calibration);

  /** What is known of a document, or empty if it never came or was deleted. */
  Optional<DocumentStatus> document(DocumentId document);

  /**
   * The version of a document's deletion, or empty if it is not deleted or its deletion is long
   * forgotten.
   */
  Optional<Version> deletion(DocumentId document);

  /** All collections that hold a document, by name. */
  CollectionList collections();

  /** The contexts of a collection that match a question best. */
  SearchResult search(String collection, String question, int limit);

  /** The encoded contexts of one document, in order; empty if it has none. */
  List<SearchResult.Candidate> contexts(DocumentId document);

  /** The encoded contexts of a whole collection, at most {@code limit}, by document and index. */
  SearchResult contexts(String collection, int limit);

  /**
   * Some encoded contexts, by document and index, drawn by a seed from the partitions that can be
   * read here: the same ones for the same documents. Reads all there are, keeping only those drawn.
   *
   * @param collection whose, or null for all
   * @param limit the most contexts
   */
  SearchResult sample(@Nullable String collection, int limit, long seed);

  /**
   * Reads a context's pages, checks their checksums and copies them off-heap.
   *
   * @return states that the caller closes
   * @throws StateUnavailableException if the encoding was replaced or deleted meanwhile
   */
  KvStates read(ContextRef context);

  /** Whether a context is of the encoding that answers use now. */
  boolean holds(ContextRef context);

  /**
   * Tells a watcher of every document of this instance whose encoding was replaced or deleted, so
   * that copies of it can be dropped. By then {@link #holds} is false for its old contexts. Called
   * on the thread that changed the stores: watchers return at once.
   *
   * @return ends the watch
   */
  Runnable watch(Consumer<DocumentId> watcher);
}
