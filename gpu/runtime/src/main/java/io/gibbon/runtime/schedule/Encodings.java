package io.gibbon.runtime.schedule;

import io.gibbon.runtime.kv.KvLayout;
import io.gibbon.runtime.kv.KvStates;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The documents that are being encoded, and those of their contexts that are begun. Used by the
 * scheduler's thread only.
 */
final class Encodings {

  private final @Nullable KvStates prefix;
  private final Deque<EncodingJob> jobs = new ArrayDeque<>();
  private final List<ContextEncoding> begun = new ArrayList<>();

  /** Encodings behind a prefix, or behind nothing. */
  Encodings(@Nullable KvStates prefix) {
    this.prefix = prefix;
  }

  /** A document is cut and waits for its turn. */
  void add(EncodingJob job) {
    jobs.add(job);
  }

  /** Documents with contexts left to begin. */
  int documents() {
    return jobs.size();
  }

  /** Forgets what nobody waits for any more. */
  void dropUnwanted() {
    jobs.removeIf(job -> !job.hasMore());
    begun.forEach(ContextEncoding::abandonIfUnwanted);
    retire();
  }

  /** Forgets what is finished. */
  void retire() {
    begun.removeIf(ContextEncoding::finished);
  }

  /**
   * Adds at most so many rows to a batch: contexts begun go on first, then each document in turn
   * begins its next one. Returns how many.
   */
  int plan(Batch batch, int most) {
    int rows = most;
    for (ContextEncoding encoding : begun) {
      rows -= batch.add(encoding, rows);
    }
    while (rows >= KvLayout.PANEL) {
      ContextEncoding next = beginNext();
      if (next == null) {
        break;
      }
      begun.add(next);
      rows -= batch.add(next, rows);
    }
    return most - rows;
  }

  private @Nullable ContextEncoding beginNext() {
    for (int i = jobs.size(); i > 0; i--) {
      EncodingJob job = jobs.remove();
      ContextEncoding next = begin(job);
      if (job.hasMore()) {
        jobs.add(job);
      }
      if (next != null) {
        return next;
      }
    }
    return null;
  }

  private @Nullable ContextEncoding begin(EncodingJob job) {
    try {
      return job.startNext(prefix);
    } catch (OutOfMemoryError e) {
      job.fail(new IllegalStateException("no memory for a context's KV states", e));
      return null;
    }
  }

  /** Ends everything. */
  void fail(RuntimeException error) {
    begun.forEach(encoding -> encoding.fail(error));
    jobs.forEach(job -> job.fail(error));
    begun.clear();
    jobs.clear();
  }
}
