"""What every place of the portal stands on: sessions, calls to the gateway, forms, pages."""
