package io.gibbon.tornado;

import io.gibbon.runtime.kv.KvStates;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.IdentityHashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Which KV states lie in which slots on the device. Host states hold everything that the device
 * has, so whatever is not used by the current step may be dropped: the least recently used first.
 * States are known by identity, which for contexts is their version. One thread at a time.
 */
final class PagePool {

  private final int capacity;
  private final Deque<Integer> free = new ArrayDeque<>();
  private final LinkedHashMap<KvStates, Resident> residents = new LinkedHashMap<>(16, 0.75f, true);
  private long loads;
  private long evictions;

  /** Pages that must be written to slots before a step. */
  @FunctionalInterface
  interface Loader {

    /** Takes one page of states to a slot. */
    void load(KvStates states, int page, int slot);
  }

  private static final class Resident {
    int[] slots = new int[0];
    int tokens;
  }

  /** An empty pool of so many slots. */
  PagePool(int capacity) {
    this.capacity = capacity;
    for (int i = capacity - 1; i >= 0; i--) {
      free.push(i);
    }
  }

  /**
   * Makes states resident.
   *
   * @param needed for each states the tokens that there must be room for, and of these how many are
   *     filled
   * @return the slots of each, page by page
   * @throws TooLargeException if they do not fit together
   */
  Map<KvStates, int[]> place(Map<KvStates, Tokens> needed, Loader loader) {
    int total = needed.values().stream().mapToInt(t -> pages(t.room())).sum();
    if (total > capacity) {
      throw new TooLargeException(
          "it needs %d pages of KV states, the device holds %d".formatted(total, capacity));
    }
    needed.keySet().forEach(residents::get);
    Map<KvStates, int[]> slots = new IdentityHashMap<>();
    needed.forEach(
        (states, tokens) -> {
          Resident resident = residents.computeIfAbsent(states, s -> new Resident());
          grow(resident, pages(tokens.room()), needed);
          int from = Math.min(resident.tokens, tokens.filled()) / HeadKernels.SLOT;
          if (resident.tokens < tokens.filled()) {
            for (int page = from; page < pages(tokens.filled()); page++) {
              loader.load(states, page, resident.slots[page]);
              loads++;
            }
          }
          resident.tokens = tokens.filled();
          slots.put(states, Arrays.copyOf(resident.slots, pages(tokens.room())));
        });
    return slots;
  }

  /**
   * Tokens of states that a step uses.
   *
   * @param room up to where it reads or writes
   * @param filled how many the host has
   */
  record Tokens(int room, int filled) {}

  private void grow(Resident resident, int pages, Map<KvStates, Tokens> inUse) {
    int before = resident.slots.length;
    if (pages <= before) {
      return;
    }
    resident.slots = Arrays.copyOf(resident.slots, pages);
    for (int page = before; page < pages; page++) {
      if (free.isEmpty()) {
        evict(inUse);
      }
      resident.slots[page] = free.pop();
    }
  }

  private void evict(Map<KvStates, Tokens> inUse) {
    Iterator<Map.Entry<KvStates, Resident>> all = residents.entrySet().iterator();
    while (all.hasNext()) {
      Map.Entry<KvStates, Resident> entry = all.next();
      if (!inUse.containsKey(entry.getKey())) {
        all.remove();
        release(entry.getValue());
        evictions++;
        return;
      }
    }
    throw new IllegalStateException("no slot to evict");
  }

  private void release(Resident resident) {
    for (int slot : resident.slots) {
      free.push(slot);
    }
  }

  /** The step has filled the states up to here on device and host. */
  void filled(KvStates states, int tokens) {
    Resident resident = residents.get(states);
    if (resident != null) {
      resident.tokens = tokens;
    }
  }

  /** Forgets states that were changed behind the device's back, or may be half written. */
  void forget(KvStates states) {
    Resident resident = residents.remove(states);
    if (resident != null) {
      release(resident);
    }
  }

  /** Pages of so many tokens. */
  static int pages(int tokens) {
    return (tokens + HeadKernels.SLOT - 1) / HeadKernels.SLOT;
  }

  /**
   * What the pool has done.
   *
   * @param capacity slots
   * @param used slots in use
   * @param loads pages taken to the device
   * @param evictions states dropped to make room
   */
  record Stats(int capacity, int used, long loads, long evictions) {}

  /** A snapshot. */
  Stats stats() {
    return new Stats(capacity, capacity - free.size(), loads, evictions);
  }
}
