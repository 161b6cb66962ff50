package io.gibbon.cli.doctor;

import io.gibbon.cli.config.GibbonConfig;
import java.util.ArrayList;
import java.util.List;

/** Looks at everything that Gibbon needs around it. */
public final class Doctor {

  private Doctor() {}

  /**
   * All findings for a configuration, in the order in which they matter. Takes up to some ten
   * seconds.
   */
  public static List<Finding> examine(GibbonConfig config) {
    List<Finding> findings = new ArrayList<>();
    findings.add(MachineChecks.java());
    findings.add(MachineChecks.processor());
    findings.add(MachineChecks.memory());
    findings.add(MachineChecks.disk(config.data()));
    findings.add(MachineChecks.port("HTTP port", config.server().host(), config.server().port()));
    if (config.bootstrapServers().isEmpty()) {
      findings.add(MachineChecks.port("Broker port", "127.0.0.1", config.brokerPort()));
    } else {
      findings.addAll(KafkaChecks.run(config.topology(), config.server()));
    }
    if (config.model().equals("default")) {
      findings.add(MachineChecks.pip());
    }
    return findings;
  }
}
