package io.gibbon.cli.command;

import picocli.CommandLine.IVersionProvider;

/** The version in the jar's manifest. */
final class VersionProvider implements IVersionProvider {

  @Override
  public String[] getVersion() {
    String version = VersionProvider.class.getPackage().getImplementationVersion();
    return new String[] {
      "gibbon " + (version == null ? "(built from source)" : version), "Java " + Runtime.version()
    };
  }
}
