package io.gibbon.runtime.kv;

import io.gibbon.runtime.ClosedException;
import io.gibbon.runtime.OverloadedException;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Predicate;

/**
 * KV states of contexts, off-heap, under a byte budget that running sequences share. States are
 * borrowed through {@link Lease}s; those that nobody has borrowed stay until room is needed, the
 * least recently used going first. Thread-safe.
 *
 * <p>Keys are opaque values with {@code equals} and {@code hashCode}; they name an immutable
 * encoding, so cached states are never stale, only unwanted.
 */
public final class KvCache implements AutoCloseable {

  private final long budget;
  private final Map<Object, Entry> entries = new LinkedHashMap<>(16, 0.75f, true);
  private long cached;
  private long reserved;
  private long hits;
  private long misses;
  private long evictions;
  private boolean closed;

  /**
   * An empty cache.
   *
   * @param budgetBytes the most bytes of states, cached and reserved together
   */
  public KvCache(long budgetBytes) {
    this.budget = budgetBytes;
  }

  /** Reads states from where they are kept. */
  @FunctionalInterface
  public interface Loader {

    /** States that the cache will close. May block. */
    KvStates load();
  }

  /** Borrowed states: open until the lease is closed. */
  public final class Lease implements AutoCloseable {

    private final Entry entry;
    private final KvStates states;
    private final AtomicBoolean returned = new AtomicBoolean();

    private Lease(Entry entry, KvStates states) {
      this.entry = entry;
      this.states = states;
    }

    /** The states; not to be closed, nor used after {@link #close()}. */
    public KvStates states() {
      return states;
    }

    /** Returns the states. Idempotent, never blocks. */
    @Override
    public void close() {
      if (returned.compareAndSet(false, true)) {
        giveBack(entry);
      }
    }
  }

  /**
   * What the cache does, for metrics.
   *
   * @param budgetBytes the limit
   * @param cachedBytes bytes of cached states, borrowed or not
   * @param reservedBytes bytes of running sequences
   * @param entries cached contexts
   * @param hits leases that found their states
   * @param misses leases that loaded them
   * @param evictions states dropped to make room
   */
  public record Stats(
      long budgetBytes,
      long cachedBytes,
      long reservedBytes,
      int entries,
      long hits,
      long misses,
      long evictions) {}

  /** One key's states; guarded by the cache, but for the future. */
  private static final class Entry {
    final Object key;
    final long bytes;
    final CompletableFuture<KvStates> states = new CompletableFuture<>();
    int leases = 1;
    boolean dropped;

    Entry(Object key, long bytes) {
      this.key = key;
      this.bytes = bytes;
    }
  }

  /**
   * Borrows the states of a key and loads them on the calling thread if nobody has; when several
   * threads ask for one key at once, one loads and the others wait for it. Call it from a thread
   * that may block.
   *
   * @param bytes size of the states, {@code layout.bytes(tokens)}: room is made before loading
   * @throws OverloadedException if states in use leave no room
   * @throws IllegalArgumentException if the states alone exceed the budget, or the loaded ones have
   *     another size
   * @throws ClosedException if the cache is closed
   * @throws RuntimeException what the loader threw, to all who waited for it; the next call tries
   *     again
   */
  public Lease lease(Object key, long bytes, Loader loader) {
    List<Entry> evicted = new ArrayList<>();
    Entry entry;
    boolean load;
    try {
      synchronized (this) {
        requireOpen();
        Entry known = entries.get(key);
        load = known == null;
        if (known != null) {
          known.leases++;
          hits++;
          entry = known;
        } else {
          if (!makeRoom(bytes, evicted)) {
            throw noRoom(bytes);
          }
          misses++;
          cached += bytes;
          entry = new Entry(key, bytes);
          entries.put(key, entry);
        }
      }
    } finally {
      free(evicted);
    }
    if (load) {
      load(entry, loader);
    }
    return new Lease(entry, await(entry));
  }

  private void load(Entry entry, Loader loader) {
    try {
      KvStates states = loader.load();
      long bytes = states.memory().byteSize();
      if (bytes != entry.bytes) {
        states.close();
        throw new IllegalArgumentException(
            "KV states of %s have %d bytes instead of %d".formatted(entry.key, bytes, entry.bytes));
      }
      entry.states.complete(states);
    } catch (RuntimeException | Error e) {
      synchronized (this) {
        drop(entry);
      }
      entry.states.completeExceptionally(e);
    }
  }

  private KvStates await(Entry entry) {
    try {
      return entry.states.join();
    } catch (CancellationException | CompletionException e) {
      giveBack(entry);
      if (e.getCause() instanceof RuntimeException cause) {
        throw cause;
      }
      throw e;
    }
  }

  private void giveBack(Entry entry) {
    boolean unused;
    synchronized (this) {
      entry.leases--;
      unused = entry.leases == 0 && entry.dropped;
      if (unused) {
        cached -= entry.bytes;
      }
    }
    if (unused) {
      free(List.of(entry));
    }
  }

  /** Takes an entry off the map; its last lease frees it. Called under the lock. */
  private void drop(Entry entry) {
    entry.dropped = true;
    entries.remove(entry.key, entry);
  }

  /**
   * Takes room for states that are not cached, such as a running sequence's own, dropping
   * unborrowed ones if need be. {@link #release} gives it back.
   *
   * @return false if states in use leave no room
   * @throws ClosedException if the cache is closed
   */
  public boolean tryReserve(long bytes) {
    List<Entry> evicted = new ArrayList<>();
    synchronized (this) {
      requireOpen();
      if (!makeRoom(bytes, evicted)) {
        return false;
      }
      reserved += bytes;
    }
    free(evicted);
    return true;
  }

  /**
   * As {@link #tryReserve}, with an error that says whether trying again may help.
   *
   * @param besides bytes that whoever reserves holds of the budget too until it releases
   * @throws OverloadedException if states in use leave no room now
   * @throws IllegalArgumentException if they never fit
   * @throws ClosedException if the cache is closed
   */
  public void reserve(long bytes, long besides) {
    if (!tryReserve(bytes)) {
      throw noRoom(bytes + besides);
    }
  }

  /**
   * Why there is no room for so many bytes: they exceed the budget, or states in use leave none.
   */
  public RuntimeException noRoom(long bytes) {
    return bytes > budget
        ? new IllegalArgumentException(
            "KV states of %,d bytes exceed kvBudgetBytes = %,d".formatted(bytes, budget))
        : new OverloadedException(
            "KV states in use leave no room in kvBudgetBytes = %,d".formatted(budget));
  }

  /** Gives back what {@link #tryReserve} or {@link #reserve} took. */
  public synchronized void release(long bytes) {
    reserved -= bytes;
  }

  /**
   * Forgets keys: their states are freed at once, borrowed ones when the last lease is closed.
   *
   * @return how many were forgotten
   */
  public int invalidate(Predicate<Object> keys) {
    List<Entry> unused = new ArrayList<>();
    int forgotten = 0;
    synchronized (this) {
      for (Iterator<Entry> all = entries.values().iterator(); all.hasNext(); ) {
        Entry entry = all.next();
        if (keys.test(entry.key)) {
          all.remove();
          entry.dropped = true;
          forgotten++;
          if (entry.leases == 0) {
            cached -= entry.bytes;
            unused.add(entry);
          }
        }
      }
    }
    free(unused);
    return forgotten;
  }

  /** A consistent snapshot. */
  public synchronized Stats stats() {
    return new Stats(budget, cached, reserved, entries.size(), hits, misses, evictions);
  }

  /** The budget in bytes. */
  public long budgetBytes() {
    return budget;
  }

  /**
   * Frees everything unborrowed; borrowed states go with their leases. Later leases throw.
   * Idempotent.
   */
  @Override
  public void close() {
    synchronized (this) {
      closed = true;
    }
    invalidate(key -> true);
  }

  private void requireOpen() {
    if (closed) {
      throw new ClosedException();
    }
  }

  /** Whether there is room once the evicted are gone. Evicts nothing if it would not suffice. */
  private boolean makeRoom(long bytes, List<Entry> evicted) {
    long missing = cached + reserved + bytes - budget;
    if (missing <= 0) {
      return true;
    }
    for (Entry entry : entries.values()) {
      if (missing <= 0) {
        break;
      }
      if (entry.leases == 0) {
        evicted.add(entry);
        missing -= entry.bytes;
      }
    }
    if (missing > 0) {
      evicted.clear();
      return false;
    }
    for (Entry entry : evicted) {
      drop(entry);
      cached -= entry.bytes;
      evictions++;
    }
    return true;
  }

  /** Outside the lock: unmapping waits for all threads. */
  private static void free(List<Entry> unused) {
    for (Entry entry : unused) {
      if (!entry.states.isCompletedExceptionally()) {
        entry.states.join().close();
      }
    }
  }
}
