package io.gibbon.tornado;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import uk.ac.manchester.tornado.api.TornadoRuntime;
import uk.ac.manchester.tornado.api.runtime.TornadoRuntimeProvider;

/** The devices that TornadoVM sees. */
final class Devices {

  private Devices() {}

  /** All of them, GPUs first. */
  static List<Device> all() {
    TornadoRuntime runtime = TornadoRuntimeProvider.getTornadoRuntime();
    List<Device> devices = new ArrayList<>();
    for (int i = 0; i < runtime.getNumBackends(); i++) {
      runtime.getBackend(i).getAllDevices().forEach(device -> devices.add(new Device(device)));
    }
    devices.sort(Comparator.comparing(device -> !device.isGpu()));
    return devices;
  }

  /**
   * The one that models run on.
   *
   * @throws IllegalStateException if there is none
   */
  static Device best() {
    return all().stream()
        .findFirst()
        .orElseThrow(() -> new IllegalStateException("TornadoVM finds no device"));
  }
}
