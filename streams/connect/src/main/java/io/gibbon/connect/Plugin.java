package io.gibbon.connect;

/** What the parts of the plugin have in common. */
final class Plugin {

  private Plugin() {}

  /** The version in the jar's manifest, or {@code unpacked} where there is no jar. */
  static String version() {
    String version = Plugin.class.getPackage().getImplementationVersion();
    return version == null ? "unpacked" : version;
  }
}
