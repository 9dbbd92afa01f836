"""TFaaS's dialect: its routes about models, uploads, protobuf and images."""
