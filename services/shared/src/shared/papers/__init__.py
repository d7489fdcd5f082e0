"""Papers: what is signed, stamped and filed (对账单、验收单、合同), as a PDF with Chinese letters, or as xlsx."""
