#include <cstdio>
#include <string>

std::string older();
std::string newer();

int main() { std::printf("%s\n%s\n", older().c_str(), newer().c_str()); }
