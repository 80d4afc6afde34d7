"""What must survive faults: kill -9, full disks, readers beside a writer."""
