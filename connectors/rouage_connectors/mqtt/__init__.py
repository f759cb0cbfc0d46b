"""Messages of devices and services over MQTT."""

from rouage_connectors.mqtt import message, publish
from rouage_connectors.mqtt.declaration import connector

__all__ = ["connector", "message", "publish"]
