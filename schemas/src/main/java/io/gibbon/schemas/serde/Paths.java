package io.gibbon.schemas.serde;

/** Names of fields inside fields, as messages show them. */
final class Paths {

  private Paths() {}

  /** {@code parent.name}, or {@code name} at the top. */
  static String child(String parent, String name) {
    return parent.isEmpty() ? name : parent + "." + name;
  }
}
