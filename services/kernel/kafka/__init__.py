"""The engines that move bytes between Kafka and a lane's core."""
