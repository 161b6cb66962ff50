package io.gibbon.cli.ingest;

import io.gibbon.schemas.Document;

/** What became of one thing to ingest. */
public sealed interface Item {

  /** Where it comes from: a file, or a file and a line. */
  String source();

  /** A document that can be produced. */
  record Readable(String source, Document document) implements Item {}

  /** Something that is no document, and why. */
  record Refused(String source, String reason) implements Item {}
}
