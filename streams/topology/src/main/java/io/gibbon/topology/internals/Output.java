package io.gibbon.topology.internals;

import org.jspecify.annotations.Nullable;

/** What a processor passes on; the topology sends each kind to its own topic. */
public sealed interface Output {

  /** The record's value. */
  byte @Nullable [] value();

  /** A valid document, or null for its deletion, on its way to the one partition it belongs to. */
  record Identified(byte @Nullable [] value) implements Output {}

  /** A record that was refused. */
  record DeadLetter(byte @Nullable [] value) implements Output {}

  /** A fact for the record of profiles. */
  record Profile(byte[] value) implements Output {}

  /** What became of a document. */
  record Event(byte[] value) implements Output {}
}
